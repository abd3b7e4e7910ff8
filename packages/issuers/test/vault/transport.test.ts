import { test } from 'tap'
import type { Test } from 'tap'
import { memoryCredentials, renewingCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { vaultIssuer, vaultRevocation } from '@peerkit/issuers/vault'
import type { VaultIssuerOptions } from '@peerkit/issuers/vault'
import { rejection } from '@peerkit/test-support/rejection'
import { FakeVault, failure, idOf, serveIssuers, token } from './fake-vault.ts'
import { ask, issueFrom, NAMES } from './world.ts'

/** A fake OpenBao with TLS, whose certificate is of another CA than those that it issues. */
async function startTls (t: Test) {
  const [servers, ca] = [await createDevCa({ name: 'CA of OpenBao' }), await createDevCa({ name: 'Mount CA' })]
  const { chain, key } = await servers.issue({ cn: 'openbao', ip: '127.0.0.1' })
  const vault = new FakeVault({ cert: chain, key, ca: ca.root })
  vault.on('auth/cert/login', ({ client }) => client === undefined ? failure(400, 'missing client certificate') : token(`s.${client.replace('CN=', '')}`, 60, false))
  vault.on('pki/roles/ledger', () => failure(403, 'permission denied'))
  vault.on('pki/issue/ledger', async () => await issueFrom(ca))
  serveIssuers(vault, () => [{ pem: ca.root }])
  const url = await vault.start()
  t.teardown(async () => { await vault.close() })
  const bootstrap = await ca.issue({ profile: 'client', cn: 'bootstrap' })
  const credentials = memoryCredentials({ cert: bootstrap.chain, key: bootstrap.key, ca: servers.root })
  t.teardown(async () => { await credentials.close() })
  const issuer = (options: Partial<VaultIssuerOptions>) => {
    const made = vaultIssuer({ url, role: 'ledger', mode: 'issue', names: NAMES, auth: { token: () => 's.given' }, ...options })
    t.teardown(async () => { await made.close() })
    return made
  }
  return { vault, url, servers, ca, credentials, issuer }
}

test('a certificate logs in, and after it the one that was issued', async (t) => {
  const { vault, credentials, issuer } = await startTls(t)
  await ask(issuer({ credentials, auth: { certificate: { role: 'services' } } }))
  t.match(vault.calls('auth/cert/login'), [{ client: 'CN=bootstrap', body: { name: 'services' } }])
  vault.on('auth/cert/login', ({ client }) => token(`s.${client?.replace('CN=', '')}`, 1, false))
  const source = await renewingCredentials(issuer({ credentials, auth: { certificate: { own: true } } }))
  t.teardown(async () => { await source.close() })
  vault.on('auth/cert/login', ({ client }) => token(`s.${client?.replace('CN=', '')}`, 60, false))
  vault.on('pki/issue/ledger', () => failure(403, 'permission denied'))
  await rejection(source.refresh())
  t.equal(vault.calls('auth/cert/login').at(-1)?.client, 'CN=ledger.example')
  t.same(vault.calls('auth/cert/login').at(-1)?.body, {})
})

test('a certificate without a name', async (t) => {
  const { vault, credentials, issuer } = await startTls(t)
  vault.on('auth/cert/login', () => failure(500, 'missing name in alias'))
  t.match(await rejection(ask(issuer({ credentials, auth: { certificate: {} } }))), { reason: 'denied', message: /names who logs in by the common name of the certificate, and this one has none/ })
  vault.on('auth/cert/login', () => failure(400, 'no chain matching all constraints'))
  t.match(await rejection(ask(issuer({ credentials, auth: { certificate: {} } }))), { reason: 'denied', message: /no chain matching/ })
})

test('the server is checked before a token is sent', async (t) => {
  const { vault, ca, servers, credentials, issuer } = await startTls(t)
  const client = await ca.issue({ profile: 'client', cn: 'client' })
  const strangers = memoryCredentials({ cert: client.chain, key: client.key, ca: ca.root })
  t.teardown(async () => { await strangers.close() })
  for (const wrong of [{}, { ca: ca.root }, { credentials: strangers }, { credentials, allowedServers: { cn: 'another' } }]) {
    t.match(await rejection(ask(issuer(wrong))), { reason: 'unreachable' })
  }
  t.same(vault.seen, [])
  for (const right of [{ ca: [ca.root, servers.root] }, { credentials }, { credentials, allowedServers: { cn: 'openbao' } }]) await ask(issuer(right))
})

test('CRLs come the same way', async (t) => {
  const { vault, url, ca, servers, credentials } = await startTls(t)
  const clients: unknown[] = []
  vault.on(`pki/issuer/${idOf(ca.root)}/crl/der`, async ({ client }) => {
    clients.push(client)
    return { text: (await ca.crl()).pem }
  })
  for (const way of [{ ca: servers.root }, { credentials, allowedServers: { cn: 'openbao' } }]) {
    const checker = await vaultRevocation({ url, delta: false, ...way })
    await checker.close()
  }
  t.same(clients, [undefined, 'CN=bootstrap'])
  t.match(await rejection(vaultRevocation({ url, ca: ca.root, delta: false })), { reason: 'unreachable' })
})
