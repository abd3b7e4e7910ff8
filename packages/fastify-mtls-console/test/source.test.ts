import { test } from 'tap'
import { memoryCredentials } from '@peerkit/credentials'
import type { BundleStatus, CredentialSource, RenewalStatus, SourceStatus } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { limitPeerIdentity, parsePeerIdentity } from '@peerkit/identity'
import { findAuthority } from '../src/trust/authorities.ts'
import { strangeMarkup } from './support/strange-markup.ts'
import { plainText } from './support/plain-text.ts'
import { createWorld } from './support/world.ts'
import type { Test, World } from './support/world.ts'

const NOW = Date.parse('2026-11-29T12:00:00Z')
const EVIL = '<img src=x onerror=alert(1)>"\'&\u202e'

const own = await createDevCa({ name: 'Own' })
const issued = await own.issue({ cn: 'ledger', spiffe: 'spiffe://prod.example/ledger' })
const trusted = memoryCredentials({
  cert: issued.chain,
  key: issued.key,
  authorities: { 'prod.example': { ca: own.root, names: { spiffe: 'spiffe://prod.example' } } }
})

const bundle = (authority: string, more: Partial<BundleStatus> = {}): BundleStatus => {
  const none = { sequence: undefined, refreshedAt: undefined, nextRefresh: undefined, problem: undefined }
  return { authority, origin: 'workload api', ...none, ...more }
}

/** A console that shows a source whose status is what a test says. */
async function createSource (t: Test, status: Partial<SourceStatus>): Promise<World> {
  const credentials: CredentialSource = {
    current: trusted.current,
    subscribe: () => () => {},
    close: async () => {},
    status: () => ({
      kind: 'workload api', origin: 'unix:/run/spire/agent.sock', state: 'live', since: NOW - 3_600_000, problem: undefined, bundles: [], ...status
    })
  }
  return await createWorld(t, { console: { credentials, now: () => NOW } })
}

function textOf (page: string, from: string, to: string): string {
  const start = page.indexOf(from)
  return plainText(page.slice(start, page.indexOf(to, start)))
}

test('the source, its state and since when', async (t) => {
  const { get, data } = await createSource(t, {})
  t.match(textOf(await get('/trust'), 'id="own"', '</section>'), /Source workload api: unix: ?\/ ?run\/ ?spire\/ ?agent\. ?sock State of the source live since 2026-11-29 11:00:00 60 minutes ago|Source workload api.*live since 2026-11-29 11:00:00/)
  t.notMatch(await get('/'), 'source fails')
  t.match((await data()).trust.source, { kind: 'workload api', state: 'live', since: NOW - 3_600_000, bundles: [] })
  t.notMatch(await get('/trust'), 'Trust bundles')
  const failing = await createSource(t, { state: 'failing', problem: 'the agent is away' })
  t.match(textOf(await failing.get('/trust'), 'id="own"', '</section>'), /failing since .* Problem the agent is away/)
  t.match(textOf(await failing.get('/'), '<div class="tiles"', '</section>'), /Credentials Generation 1 source fails since 2026-11-29 11:00:00/)
  t.match(await failing.get('/'), /tile bad"><h2>Credentials/)
  const plain = await createWorld(t)
  t.match(textOf(await plain.get('/trust'), 'id="own"', '</section>'), /Source memory State of the source live/)
})

test('the trust domains with their bundles, those with problems first', async (t) => {
  const { get, data } = await createSource(t, {
    bundles: [
      bundle('prod.example', { refreshedAt: NOW - 60_000, sequence: 7 }),
      bundle('partner.example', {
        origin: 'https://partner.example/bundle', refreshedAt: NOW - 7_200_000, nextRefresh: NOW - 300_000, problem: 'HTTP 500'
      }),
      bundle('new.example', { problem: 'malformed' })
    ]
  })
  const page = await get('/trust')
  const rows = page.slice(page.indexOf('id="bundles"')).split('<tr role="row">').slice(2, 5).map((row) => textOf(`${row}</tr>`, '', '</tr>'))
  t.match(rows[0], /^partner\.example not renewed HTTP 500 https.* 2026-11-29 10:00:00 2 hours ago 2026-11-29 11:55:00 5 minutes ago overdue not trusted/)
  t.match(rows[1], /^new\.example not renewed malformed workload api never is pushed not trusted/)
  t.match(rows[2], /^prod\.example workload api 7 2026-11-29 11:59:00 60 seconds ago is pushed 0 clients/)
  t.match((await data()).trust.source.bundles[1], { problem: 'HTTP 500', nextRefresh: NOW - 300_000 })
})

const renewal: RenewalStatus = {
  issuer: 'OpenBao at bao.example/pki',
  issuedBy: 'CN=Own',
  renewedAt: NOW - 3_600_000,
  nextRenewal: NOW + 600_000,
  failures: 0,
  failingSince: undefined,
  code: undefined,
  reason: undefined,
  store: undefined
}

test('who issues, the last and the next renewal, and what failed', async (t) => {
  const rows = async (more: Partial<RenewalStatus>): Promise<string> => {
    const { get } = await createSource(t, { kind: 'issuer', origin: 'x', renewal: { ...renewal, ...more } })
    return textOf(await get('/trust'), 'id="own"', '</section>')
  }
  const fine = await rows({})
  t.match(fine, /Asked for certificates OpenBao at bao\.example\/pki Issued by CN=Own Last renewal 2026-11-29 11:00:00 .*Next renewal 2026-11-29 12:10:00 .*Failed renewals none/)
  t.notMatch(fine, /overdue|Shared store/)
  t.match(await rows({ nextRenewal: undefined, issuer: undefined }), /Next renewal is running/)
  const failing = await rows({
    nextRenewal: NOW - 120_000,
    failures: 3,
    failingSince: NOW - 60_000,
    code: 'MTLS_ERR_ISSUER',
    reason: 'rate_limited',
    store: { name: '/var/lib/identity.json', problem: 'found mode 0644' }
  })
  t.match(failing, /Next renewal .* overdue .*Failed renewals 3 in a row since 2026-11-29 11:59:00 .*: MTLS_ERR_ISSUER, rate_limited.*Shared store .*identity\. ?json not stored found mode 0644/)
  t.match(await rows({ failures: 1, failingSince: NOW }), /1 in a row since 2026-11-29 12:00:00/)
})

test('a private key in a token is named, without a PIN', async (t) => {
  const opaqueKey = { uri: `pkcs11:token=ledger;object=${EVIL}`, publicKey256: '00', contextOptions: {}, equals: () => false }
  const current = Object.create(trusted.current, { opaqueKey: { value: opaqueKey } })
  const credentials = { current, subscribe: () => () => {}, close: async () => {} } as unknown as CredentialSource
  const { get, data } = await createWorld(t, { console: { credentials, now: () => NOW } })
  t.match(textOf(await get('/trust'), 'id="own"', '</section>'), /Private key in a token: pkcs11: ?token=ledger;/)
  t.same(strangeMarkup(await get('/trust')), [])
  t.match((await data()).trust.keyUri, /^pkcs11:token=ledger;/)
  const plain = await createWorld(t)
  t.notMatch(await plain.get('/trust'), 'Private key')
  t.equal((await plain.data()).trust.keyUri, undefined)
})

test('what others wrote is escaped, and shortened', async (t) => {
  const { get, data } = await createSource(t, {
    kind: EVIL,
    origin: EVIL.repeat(100),
    state: 'failing',
    problem: EVIL.repeat(100),
    bundles: [bundle(EVIL, { origin: EVIL, problem: EVIL.repeat(100) })],
    renewal: { ...renewal, issuer: EVIL.repeat(100), issuedBy: EVIL, failures: 1, failingSince: NOW, code: EVIL, reason: EVIL, store: { name: EVIL, problem: EVIL } }
  })
  for (const page of [await get('/trust'), await get('/')]) {
    t.same(strangeMarkup(page), [])
    t.notMatch(page, /<img|\u202e/)
  }
  const { source } = (await data()).trust
  t.ok(source.problem.length <= 500)
  t.ok(source.renewal.issuer.length <= 500)
})

test('many bundles are in data.json', async (t) => {
  const bundles = Array.from({ length: 250 }, (_, index) => bundle(`td-${index}.example`))
  const { get, data } = await createSource(t, { bundles })
  t.match(await get('/trust'), '150 more bundles are in data.json')
  t.equal((await data()).trust.source.bundles.length, 250)
})

test('a client is of the trust domain that vouches for it, where two have one CA', async (t) => {
  const shared = await createDevCa({ name: 'Shared' })
  const { chain, key } = await own.issue({ cn: 'ledger' })
  const of = (name: string): object => ({ ca: shared.root, names: { spiffe: `spiffe://${name}` }, spiffeOnly: true, partial: true })
  const credentials = memoryCredentials({
    cert: chain, key, authorities: { own: { ca: own.root, names: 'any' }, 'a.example': of('a.example'), 'b.example': of('b.example') } as never
  })
  t.after(async () => { await credentials.close() })
  const { der } = await shared.issue({ spiffe: 'spiffe://b.example/web' })
  const peer = limitPeerIdentity(parsePeerIdentity(der, { chain: [parsePeerIdentity(shared.der)] }), 'b.example', [])
  t.equal(findAuthority(peer, credentials.current)?.name, 'b.example')
})
