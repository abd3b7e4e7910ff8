// What `peerkit probe` makes of a server that is not Node's: OpenSSL's own, which says by alerts why it refuses.
import { runPeerkit } from '@peerkit/cli'
import { createDevCa } from '@peerkit/dev-ca'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { requireTool } from './require-tool.ts'

const openssl = requireTool('openssl')
const ca = await createDevCa()
const other = await createDevCa({ name: 'Other' })
const server = await ca.issue({ profile: 'server', dns: 'localhost', ip: '127.0.0.1' })
const DAY = 86_400_000
const clients = {
  good: await ca.issue({ profile: 'client', cn: 'good' }),
  stranger: await other.issue({ profile: 'client', cn: 'stranger' }),
  expired: await ca.issue({ profile: 'client', cn: 'expired', notBefore: new Date(Date.now() - 2 * DAY), notAfter: new Date(Date.now() - DAY) }),
  wrong: await ca.issue({ profile: 'server', cn: 'wrong' })
}

/** `openssl s_server`, which answers GET with a page; gives a way to probe it as one of the clients. */
async function serve (test: Test, ...args: string[]): Promise<(client?: keyof typeof clients) => Promise<{ code: number, out: string }>> {
  const files = Object.entries(clients).flatMap(([name, { chain, key }]) => [[`${name}.pem`, chain], [`${name}.key`, key]])
  const folder = test.testdir({ 'ca.pem': ca.root, 'server.pem': server.chain, 'server.key': server.key, ...Object.fromEntries(files) as Record<string, string> })
  const file = (name: string): string => join(folder, name)
  const child = spawn(openssl, ['s_server', '-accept', '127.0.0.1:0', '-www', '-cert', file('server.pem'), '-key', file('server.key'), '-CAfile', file('ca.pem'), '-verify_return_error', ...args], { stdio: ['pipe', 'pipe', 'ignore'] })
  test.teardown(async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  let port: string | undefined
  for await (const line of createInterface({ input: child.stdout })) {
    port = /ACCEPT .*:(\d+)/.exec(line)?.[1]
    if (port !== undefined) break
  }
  child.stdout.resume()
  return async (client) => {
    let out = ''
    const own = client === undefined ? [] : ['--cert', file(`${client}.pem`), '--key', file(`${client}.key`)]
    const write = (text: string): void => { out += text }
    const code = await runPeerkit(['probe', `https://127.0.0.1:${port}/`, '--ca', file('ca.pem'), ...own], { out: write, err: write })
    return { code, out }
  }
}

for (const [version, flag] of [['TLS 1.2', '-tls1_2'], ['TLS 1.3', '-tls1_3']] as const) {
  t.test(`${version}: a server of OpenSSL that requires a certificate says why it refuses one`, async (test) => {
    const probe = await serve(test, '-Verify', '3', flag)
    const good = await probe('good')
    test.equal(good.code, 0, good.out)
    test.match(good.out, /client certificate +requested\n +accepted CAs +CN=Peerkit development CA/)
    test.match(good.out, /with own certificate +HTTP 200\n/)
    test.match(good.out, version === 'TLS 1.2' ? /without a certificate +refused: alert 40 handshake_failure/ : /without a certificate +refused after the handshake: alert 116 certificate_required/)
    test.match(good.out, version === 'TLS 1.2' ? /TLS 1\.3 +no: alert 70/ : /TLS 1\.2 +no: alert 70/)
    for (const [client, alert] of [['stranger', '48 unknown_ca'], ['expired', '45 certificate_expired'], ['wrong', '43 unsupported_certificate']] as const) {
      const { code, out } = await probe(client)
      test.equal(code, 1)
      test.match(out, new RegExp(`with own certificate +refused.*: alert ${alert}`), client)
    }
    test.match((await probe('stranger')).out, /own certificate +CN=stranger.*; the server does not name its CA/)
  })
}

t.test('a server of OpenSSL that asks without requiring, and one that does not ask', async (test) => {
  const asking = await serve(test, '-verify', '3')
  test.match(await asking(), { code: 0, out: /client certificate +requested/ })
  const plain = await serve(test)
  test.match(await plain(), { code: 0, out: /client certificate +not requested/ })
})
