// Accounts with Pebble: external binding, nonces that are refused, an account that is deactivated, and several instances.
import { createServer } from 'node:http'
import { generateKeyPairSync } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { rejection } from '@peerkit/test-support/rejection'
import { renewingCredentials } from '@peerkit/credentials'
import { http01Responder } from '@peerkit/issuers/acme'
import { deactivateAccount } from './acme/deactivate-account.ts'
import { makeAccount, startWorld } from './acme/world.ts'

test('external account binding, and half of all nonces refused', { timeout: 120_000 }, async (t) => {
  const hmacKey = 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W'
  const { issuer, pebble } = await startWorld(t, { macs: { 'kid-1': hmacKey }, env: { PEBBLE_WFE_NONCEREJECT: '50', PEBBLE_AUTHZREUSE: '0' } })
  const trust = { ca: pebble.root, chain: 'required', attempts: 5, timeout: 60_000 } as const
  const account = makeAccount()
  const source = await renewingCredentials(issuer({ account: { ...account, externalAccountBinding: { kid: 'kid-1', hmacKey } } }), trust)
  await source.refresh()
  await source.close()
  t.match(pebble.output(), /There are now 2 orders in the db/)
  const known = await renewingCredentials(issuer({ account }), trust).then(async (other) => { await other.close(); return 'issued' }, (error: Error) => error.message)
  t.match(known, /account\.externalAccountBinding is missing; expected the kid and the hmacKey/)
  const wrong = issuer({ account: { ...makeAccount(), externalAccountBinding: { kid: 'kid-1', hmacKey: 'A'.repeat(64) } } })
  const error = await rejection(renewingCredentials(wrong, { ...trust, attempts: 1 }))
  t.match(error, { cause: { code: 'MTLS_ERR_ISSUER', message: /answered 4\d\d: / } })
  t.notMatch(String(error.message), hmacKey)
})

test('several instances with one account', { timeout: 120_000 }, async (t) => {
  const { issuer, pebble, httpPort } = await startWorld(t, { env: { PEBBLE_AUTHZREUSE: '100' } })
  const trust = { ca: pebble.root, chain: 'required', attempts: 1, timeout: 60_000 } as const
  const keyFile = join(t.testdir({}), 'account.pem')
  const account = { keyFile, termsOfServiceAgreed: true }
  // An instance that orders nothing, and answers for the others behind their name.
  const front = http01Responder({ account })
  const app = createServer((request, response) => { if (!front.handle(request, response)) response.writeHead(404).end() })
  await new Promise<void>((resolve) => { app.listen(httpPort, '127.0.0.1', resolve) })
  t.teardown(() => { app.close() })
  const instances = await Promise.all([1, 2, 3].map(async () => {
    return await renewingCredentials(issuer({ account, challenges: { http01: http01Responder() } }), trust)
  }))
  t.equal(new Set(instances.map(({ current }) => current.identity.serialNumber)).size, 3)
  t.equal(statSync(keyFile).mode & 0o777, 0o600)
  t.match(pebble.output(), /There are now 1 accounts in memory/)
  t.notMatch(pebble.output(), /There are now 2 accounts/)
  for (const { close } of instances.map((source) => ({ close: async () => { await source.close() } }))) await close()
})

test('an account that was deactivated', { timeout: 120_000 }, async (t) => {
  const { issuer, pebble } = await startWorld(t)
  const trust = { ca: pebble.root, attempts: 1, timeout: 60_000 }
  const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const account = { key, termsOfServiceAgreed: true }
  const source = await renewingCredentials(issuer({ account }), trust)
  const { cert } = source.current
  await deactivateAccount(pebble, account)
  t.match(await rejection(source.refresh()), { code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', cause: { code: 'MTLS_ERR_ISSUER', reason: 'denied', message: /deactivated/ } })
  t.equal(source.current.cert, cert, 'the certificate stays in use')
  await source.close()
})
