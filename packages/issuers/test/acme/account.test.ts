import { test } from 'tap'
import type { Test } from 'tap'
import { rejection } from '@peerkit/test-support/rejection'
import { acmeIssuer } from '@peerkit/issuers/acme'
import type { AcmeAccountOptions } from '@peerkit/issuers/acme'
import { AcmeServer, problem } from './support/acme-server.ts'
import { ACCOUNT, dnsOf, question } from './support/world.ts'

const TERMS = 'https://acme.example/terms'

function issuerFor (server: AcmeServer, account: AcmeAccountOptions) {
  return acmeIssuer({ directory: server.directory, names: { dns: ['ledger.example'] }, account, challenges: { dns01: dnsOf(server) } })
}

async function refuses (t: Test, server: AcmeServer, account: AcmeAccountOptions, expected: object): Promise<void> {
  t.match(await rejection(issuerFor(server, account).issue(question()) as Promise<unknown>), { code: 'MTLS_ERR_ISSUER', ...expected })
}

test('terms of service', async (t) => {
  const server = await AcmeServer.start(t)
  server.meta = { termsOfService: TERMS }
  await refuses(t, server, ACCOUNT, { reason: 'refused', message: /account\.termsOfServiceAgreed is false; expected true, after you have read "https:\/\/acme\.example\/terms"/ })
  t.equal(server.of('newAccount').length, 0)
  await issuerFor(server, { ...ACCOUNT, termsOfServiceAgreed: true }).issue(question())
  t.same(server.of('newAccount')[0]?.payload, { termsOfServiceAgreed: true })
})

test('terms that change later', async (t) => {
  const server = await AcmeServer.start(t)
  server.says = ({ step }) => step === 'newOrder' ? { status: 403, body: problem('userActionRequired', `visit ${TERMS}`) } : undefined
  await refuses(t, server, ACCOUNT, { reason: 'denied', message: /userActionRequired: visit https/ })
})

test('contacts are told, and kept up to date', async (t) => {
  const server = await AcmeServer.start(t)
  const contacts = ['mailto:ops@ledger.example']
  await issuerFor(server, { ...ACCOUNT, contacts }).issue(question())
  t.same([...server.accounts.values()].map(({ contact }) => contact), [contacts])
  await issuerFor(server, { ...ACCOUNT, contacts }).issue(question())
  t.equal(server.of('account').length, 0, 'they are the same')
  await issuerFor(server, { ...ACCOUNT, contacts: ['mailto:security@ledger.example'] }).issue(question())
  t.same([...server.accounts.values()].map(({ contact }) => contact), [['mailto:security@ledger.example']])
  await issuerFor(server, ACCOUNT).issue(question())
  t.same([...server.accounts.values()].map(({ contact }) => contact), [[]])
})

test('external account binding', async (t) => {
  const server = await AcmeServer.start(t)
  const hmacKey = Buffer.alloc(32, 0xfb)
  server.meta = { externalAccountRequired: true }
  server.macs['kid-1'] = hmacKey.toString('base64url')
  await refuses(t, server, ACCOUNT, { reason: 'denied', message: /account\.externalAccountBinding is missing; expected the kid and the hmacKey/ })
  await refuses(t, server, { ...ACCOUNT, externalAccountBinding: { kid: 'kid-1', hmacKey: Buffer.alloc(32) } }, { reason: 'denied', status: 401 })
  t.equal(server.accounts.size, 0)
  for (const form of [hmacKey, hmacKey.toString('base64url'), hmacKey.toString('base64')]) {
    server.accounts.clear()
    await issuerFor(server, { ...ACCOUNT, externalAccountBinding: { kid: 'kid-1', hmacKey: form } }).issue(question())
    t.equal(server.accounts.size, 1)
  }
  // Some CAs take a binding once.
  delete server.macs['kid-1']
  await issuerFor(server, { ...ACCOUNT, externalAccountBinding: { kid: 'kid-1', hmacKey } }).issue(question())
  t.same(server.of('newAccount').at(-1)?.payload, { onlyReturnExisting: true }, 'an account that exists presents none')
})

test('an account that was deactivated, and one in another state', async (t) => {
  const server = await AcmeServer.start(t)
  await issuerFor(server, ACCOUNT).issue(question())
  for (const account of server.accounts.values()) account.status = 'deactivated'
  await refuses(t, server, ACCOUNT, { reason: 'denied', status: 403, message: /unauthorized: this account is deactivated/ })
  const binding = { ...ACCOUNT, externalAccountBinding: { kid: 'kid-1', hmacKey: Buffer.alloc(32) } }
  await refuses(t, server, binding, { reason: 'denied', status: 403 })
  server.says = ({ step }) => step === 'newAccount' ? { body: { status: 'revoked' }, headers: { location: `${server.origin}/account/1` } } : undefined
  await refuses(t, server, ACCOUNT, { reason: 'denied', message: /the account http.*\/account\/1 is "revoked"; expected "valid"/ })
})

test('a server that forgot its accounts gets a new one', async (t) => {
  const server = await AcmeServer.start(t)
  const issuer = issuerFor(server, ACCOUNT)
  await issuer.issue(question())
  server.accounts.clear()
  t.ok((await issuer.issue(question())).cert)
  t.equal(server.accounts.size, 1)
})
