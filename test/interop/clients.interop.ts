// Foreign clients against the demonstration's services: curl and openssl s_client.
import { execFile } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { test } from 'tap'
import { mintWorld, startLedger, type Paths } from '@peerkit/example-two-services'
import { requireTool } from './require-tool.ts'

const curl = requireTool('curl')
const openssl = requireTool('openssl')
const world = await mintWorld()
const ledger = await startLedger(world.paths('ledger'), { logger: false })
const url = `${ledger.origin}/entries`
const { hostname, port } = new URL(ledger.origin)

interface Outcome { readonly code: number, readonly stdout: string, readonly stderr: string }

function execute (file: string, args: readonly string[], input = ''): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(file, args, { timeout: 20_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr })
    })
    child.stdin?.end(input)
  })
}

const curlAs = (material: Paths | undefined, ...args: string[]): Promise<Outcome> => execute(curl, ['-sS', '--cacert', world.paths('').ca,
  ...(material === undefined ? [] : ['--cert', material.cert, '--key', material.key]), '-w', '\n%{http_code}', ...args, url])

for (const version of ['1.2', '1.3']) {
  const only = ['--tlsv' + version, '--tls-max', version]

  test(`curl over TLS ${version}: the operator is served`, async (t) => {
    const { code, stdout } = await curlAs(world.paths('operator'), ...only)
    t.equal(code, 0)
    t.equal(stdout, '[]\n200')
  })

  test(`curl over TLS ${version}: a certificate that no rule means gets 403 and learns nothing of the rules`, async (t) => {
    const { stdout } = await curlAs(world.paths('intern'), ...only)
    t.match(stdout, /MTLS_ERR_CLIENT_NOT_ALLOWED/)
    t.match(stdout, /\n403$/)
    t.notMatch(stdout, /operators|orders|spiffe/)
  })

  test(`curl over TLS ${version}: no certificate and a stranger's certificate get no HTTP answer`, async (t) => {
    for (const material of [undefined, world.paths('stranger')]) {
      const { code, stdout } = await curlAs(material, ...only)
      t.not(code, 0)
      t.equal(stdout, '\n000')
    }
  })

  test(`openssl s_client over TLS ${version}: a request is answered only where the certificate is meant`, async (t) => {
    const request = 'GET /entries HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
    const ask = (party: string | undefined): Promise<Outcome> => execute(openssl, ['s_client', '-connect', `${hostname}:${port}`, '-quiet', '-verify_return_error',
      version === '1.2' ? '-tls1_2' : '-tls1_3', '-CAfile', world.paths('').ca,
      ...(party === undefined ? [] : ['-cert', world.paths(party).cert, '-key', world.paths(party).key])], request)
    t.match((await ask('operator')).stdout, /^HTTP\/1\.1 200/)
    t.match((await ask('intern')).stdout, /^HTTP\/1\.1 403/)
    t.equal((await ask('stranger')).stdout, '')
    t.equal((await ask(undefined)).stdout, '')
  })
}

test('keys are readable by their owner alone', async (t) => {
  const { statSync } = await import('node:fs')
  t.equal(statSync(world.paths('ledger').key).mode & 0o777, 0o600)
  t.match(readFileSync(world.paths('ledger').key, 'utf8'), /^-----BEGIN PRIVATE KEY-----/)
})

test('the service stops while clients hold keep-alive connections', async (t) => {
  await t.resolves(ledger.close())
  rmSync(world.folder, { recursive: true, force: true })
})
