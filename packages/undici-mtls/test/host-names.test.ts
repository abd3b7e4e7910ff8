import { test } from 'tap'
import dns from 'node:dns'
import { checkServerIdentity } from 'node:tls'
import { X509Certificate } from 'node:crypto'
import { parsePeerIdentity } from '@peerkit/identity'
import { MtlsAgent } from '../src/index.ts'
import { isForHostName, withoutRootDot } from '../src/connect/host-name.ts'
import { createLedger } from '@peerkit/test-support/ledger'
import { startServer } from '@peerkit/test-support/listen'
import { rejection } from '@peerkit/test-support/rejection'

const { ca, server, credentials } = await createLedger()

/** Names below `test` lead to this machine, as a cluster's DNS would do it. */
const real = dns.lookup
dns.lookup = ((name: string, options: any, callback: any) => {
  if (!/\.test\.?$/.test(name)) return real(name, options, callback)
  process.nextTick(() => { options.all === true ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4) })
}) as typeof dns.lookup

interface Test { teardown (finish: () => Promise<void>): void }

interface Call { readonly status?: number, readonly error?: any, readonly sni: readonly string[], readonly host: string | undefined }

async function call (
  t: Test, names: string[], hostname: string, options: Partial<ConstructorParameters<typeof MtlsAgent>[0]> = {}
): Promise<Call> {
  const sni: string[] = []
  let host: string | undefined
  const listening = await startServer({
    identity: await ca.issue({ cn: 'server', dns: names }),
    SNICallback: (name, done) => { sni.push(name); done(null) },
    handler: (request, response) => { host = request.headers.host; response.end() }
  })
  const agent = new MtlsAgent({ credentials, ...options })
  t.teardown(async () => { await agent.destroy(); await listening.close() })
  const origin = `https://${hostname}:${listening.port}`
  return await agent.request({ origin, path: '/', method: 'GET' }).then(async ({ statusCode, body }) => {
    await body.dump()
    return { status: statusCode, sni, host: host?.replace(/:\d+$/, '') }
  }, (error) => ({ error, sni, host }))
}

test('a dot at the end of a name is not part of what the certificate is for, nor of SNI', async (t) => {
  t.match(await call(t, ['svc.ns.test'], 'svc.ns.test.'), { status: 200, sni: ['svc.ns.test'], host: 'svc.ns.test.' })
  t.match(await call(t, ['*.ns.test'], 'svc.ns.test.'), { status: 200, sni: ['svc.ns.test'] })
  t.match((await call(t, ['other.ns.test'], 'svc.ns.test.')).error, {
    code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER', expected: 'a certificate for svc.ns.test'
  })
})

test('a name with a dot has the rules of the name without it, on both sides', async (t) => {
  const listening = await startServer({ identity: await ca.issue({ cn: 'server', dns: 'svc.ns.test' }) })
  const strict = { allowedServers: { cn: 'another' } }
  for (const [named, called] of [['svc.ns.test', 'svc.ns.test.'], ['svc.ns.test.', 'svc.ns.test']]) {
    const agent = new MtlsAgent({ credentials, origins: { [`https://${named}:${listening.port}`]: strict, '*': {} } })
    t.match(await rejection(agent.request({ origin: `https://${called}:${listening.port}`, path: '/', method: 'GET' })), {
      code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER', reason: 'rules'
    })
    await agent.destroy()
  }
  t.throws(() => new MtlsAgent({ credentials, origins: { 'https://svc.ns.test': {}, 'https://svc.ns.test.': {} } }), /twice/)
  await listening.close()
})

test('a server name may be written with the dot', async (t) => {
  t.match(await call(t, ['svc.ns.test'], 'elsewhere.test', { origins: { '*': { servername: 'svc.ns.test.' } } }), { status: 200, sni: ['svc.ns.test'] })
})

test('an underscore is accepted where Node accepts it', async (t) => {
  t.match(await call(t, ['*.ns.test'], 'my_svc.ns.test'), { status: 200 })
  t.match((await call(t, ['my-svc.ns.test'], 'my_svc.ns.test')).error, { code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER' })
})

test('the names of a certificate are compared as Node and OpenSSL compare them', async (t) => {
  const labels = ['a', 'b', '*', 'xn--bcher-kva', 'a_b', 'A', '*a', 'a*', 'test']
  let random = 7
  const pick = (): string => labels[(random = random * 1103515245 + 12345 & 0x7fffffff) % labels.length] as string
  let [accepted, compared] = [0, 0]
  while (compared < 400) {
    const parts = Array.from({ length: 1 + compared % 4 }, pick)
    const pattern = parts.join('.')
    // Every second host differs from the pattern in its first label alone.
    const host = (compared % 2 === 0 ? [pick(), ...parts.slice(1)] : parts.map(pick)).join('.').replaceAll('*', 'c')
    compared++
    const { der } = await ca.issue({ cn: 'x', dns: pattern, checkNames: false })
    const found = isForHostName(parsePeerIdentity(der), host)
    const subject: any = { subject: { CN: 'x' }, subjectaltname: `DNS:${pattern}` }
    const byOpenssl = new X509Certificate(der).checkHost(host, { subject: 'never', partialWildcards: false })
    if (found) accepted++
    if (found && checkServerIdentity(host, subject) !== undefined) t.fail(`${pattern} accepts ${host}, and Node does not`)
    if (byOpenssl !== undefined && !found) t.fail(`${pattern} does not accept ${host}, and OpenSSL does`)
  }
  t.ok(accepted > 10 && accepted < 390, `${accepted} of ${compared}`)
})

test('only a dot at the end of a name is left out', (t) => {
  t.same(['a.', 'a', '.', 'a..', ''].map(withoutRootDot), ['a', 'a', '.', 'a..', ''])
  t.end()
})

test('an address is compared by its octets', async (t) => {
  const identity = parsePeerIdentity((await ca.issue({ cn: 'x', ip: ['127.0.0.1', '2001:db8::1'] })).der)
  const found = ['127.0.0.1', '2001:db8::1', '2001:0db8:0:0::0001', '::ffff:127.0.0.1', '127.0.0.2'].map((ip) => isForHostName(identity, ip))
  t.same(found, [true, true, true, false, false])
  t.notOk(isForHostName(parsePeerIdentity(server.der), '127.0.0.3'))
})
