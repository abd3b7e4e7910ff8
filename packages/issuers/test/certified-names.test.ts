// A certificate for our key that was issued for somebody else, or lacks what was asked for, is never used.
import { createPublicKey } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'tap'
import { renewingCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import type { RequestedNames } from '@peerkit/issuers'
import { customIssuer } from '@peerkit/issuers/custom'
import { signFor } from '@peerkit/test-support/certificates'
import { rejection } from '@peerkit/test-support/rejection'
import { checkCertifiedNames } from '../src/request/certified-names.ts'
import { readRequestedKey } from '../src/test/kit-ca.ts'

const HOUR = 3_600_000

test('customIssuer: other names than those that were asked for', async (t) => {
  const ca = await createDevCa()
  let issued = { cn: 'ledger', dns: 'ledger.example' }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const der = Buffer.from(readRequestedKey(Buffer.concat(chunks).toString()))
      const spki = createPublicKey({ key: der, format: 'der', type: 'spki' }).export({ type: 'spki', format: 'pem' }) as string
      const now = Date.now()
      signFor(ca, spki, { notBefore: now - HOUR, notAfter: now + HOUR, ...issued })
        .then((cert) => response.end(cert), () => response.destroy())
    })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const issuer = customIssuer({
    url, names: { cn: 'ledger', dns: ['LEDGER.example'] }, request: ({ csr }) => ({ body: csr }), read: ({ text }) => ({ cert: text })
  })
  const source = await renewingCredentials(issuer, { ca: ca.root, attempts: 1 })
  t.teardown(async () => { await source.close() })
  const { fingerprint256 } = source.current.identity
  for (const [names, lacks] of [
    [{ cn: 'admin', dns: 'admin.example' }, 'names.cn "ledger", names.dns "LEDGER.example"'],
    [{ cn: 'ledger', dns: 'admin.example' }, 'names.dns "LEDGER.example"'],
    [{ cn: 'admin', dns: 'ledger.example' }, 'names.cn "ledger"']
  ] as const) {
    issued = names
    const error = await rejection(source.refresh())
    t.match(error, { cause: { code: 'MTLS_ERR_ISSUER', reason: 'answer' } })
    t.ok((error as Error).message.endsWith(`the certificate lacks ${lacks}; expected all that were asked for`), (error as Error).message)
    t.equal(source.current.identity.fingerprint256, fingerprint256)
  }
})

test('every kind of name is compared, in its own way', async (t) => {
  const ca = await createDevCa()
  const { chain } = await ca.issue({ cn: 'Ledger', dns: ['a.example', '*.b.example'], ip: ['192.0.2.7', '2001:db8::1'], uri: ['https://a.example/B'], email: ['Ops@a.example'] })
  const check = (names: RequestedNames): void => { checkCertifiedNames(chain, names, { what: 'the CA' }) }
  for (const names of [
    { cn: 'Ledger' }, { dns: ['A.EXAMPLE', '*.b.example'] }, { ip: ['2001:DB8:0::1', '192.0.2.7'] }, { uri: ['https://a.example/B'] }, { email: ['ops@A.example'] }
  ]) t.doesNotThrow(() => { check(names) }, JSON.stringify(names))
  for (const names of [
    { cn: 'ledger' }, { dns: ['x.b.example'] }, { dns: ['a.example.'] }, { ip: ['192.0.2.8'] }, { ip: ['2001:db8::2'] }, { uri: ['https://a.example/b'] }, { email: ['ops@b.example'] }
  ]) t.throws(() => { check(names) }, { reason: 'answer', message: /^No certificate: the CA: the certificate lacks names\./ }, JSON.stringify(names))
  t.throws(() => { checkCertifiedNames('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', { cn: 'x' }, { what: 'the CA' }) }, { reason: 'answer', message: /the certificate cannot be read/ })
})
