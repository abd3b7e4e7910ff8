import { inspect } from 'node:util'
import { createPrivateKey } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import { memoryCredentials, secureContextOptions } from '../src/index.ts'

const ca = await createDevCa()
const other = await createDevCa({ name: 'Other' })
const first = await ca.issue({ cn: 'first' })
const second = await ca.issue({ cn: 'second' })
const base = { cert: first.chain, key: first.key, ca: ca.root }
const DAY = 86_400_000

test('holds a snapshot of checked material', async (t) => {
  const source = memoryCredentials(base)
  const { current } = source
  t.equal(current.generation, 1)
  t.equal(current.trustEpoch, 1)
  t.equal(current.identity.subject?.commonName, 'first')
  t.equal(current.cert, first.chain)
  t.same(current.ca, [ca.root])
  t.equal(current.notAfter, current.identity.notAfter)
  t.equal(current.revocation, undefined)
  t.ok(Object.isFrozen(current))
  t.same(secureContextOptions(current), { cert: first.chain, key: current.key, ca: [ca.root] })
  await source.close()
})

test('never shows the key', async (t) => {
  const { current } = memoryCredentials(base)
  t.match(current.key, /PRIVATE KEY/)
  const options = secureContextOptions(current)
  t.match(options.key, /PRIVATE KEY/)
  for (const text of [
    JSON.stringify(current), inspect(current, { depth: 5 }), inspect({ ...current }), JSON.stringify(options), inspect(options), inspect({ options }, { showHidden: true })
  ]) t.notMatch(text, /PRIVATE KEY/)
})

test('takes Buffers, a key beside the certificate, and bundles with text between the blocks', async (t) => {
  const one = memoryCredentials({ cert: Buffer.from(`${first.key}\nsubject: first\n${first.chain}`), ca: [Buffer.from(`# ours\n${ca.root}\n# theirs\n${other.root}`)] })
  t.equal(one.current.anchors.length, 2)
  t.equal(one.current.identity.subject?.commonName, 'first')
})

test('an anchor named twice counts once', async (t) => {
  t.equal(memoryCredentials({ ...base, ca: [ca.root, ca.root] }).current.anchors.length, 1)
})

test('opens an encrypted key', async (t) => {
  const key = createPrivateKey(first.key).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'hunter2' }) as string
  t.equal(memoryCredentials({ ...base, key, passphrase: 'hunter2' }).current.key, first.key)
  t.throws(() => memoryCredentials({ ...base, key }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'passphrase', message: /expected the option passphrase/ })
  t.throws(() => memoryCredentials({ ...base, key, passphrase: 'wrong' }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'passphrase' })
})

async function own (options: object): Promise<object> {
  const { chain, key } = await ca.issue(options)
  return { cert: chain, key }
}

const [yesterday, dayBefore, tomorrow] = [-DAY, -2 * DAY, DAY].map((ahead) => new Date(Date.now() + ahead)) as [Date, Date, Date]
const rsa = await ca.issue({ cn: 'rsa', key: 'rsa-2048' })
const intermediate = await ca.intermediate()
const leaf = await intermediate.issue({ cn: 'leaf' })
/** What does not fit: the change to good material, the reason, and what the error says. */
const REFUSED: Array<[title: string, change: object, reason: string, message: RegExp]> = [
  ['a key of another certificate', { key: second.key }, 'key_mismatch', /key: the key does not belong to/],
  ['no key at all', { key: undefined }, 'unreadable', /found a PEM block "CERTIFICATE" and no private key; expected a PEM block "PRIVATE KEY"/],
  ['two keys', { key: first.key + second.key }, 'unreadable', /found 2 private keys; expected one/],
  ['a damaged key', { key: first.key.replace(/\n[^\n]{20}/, '\n') }, 'unreadable', /cannot be read/],
  ['an empty certificate', { cert: '' }, 'unreadable', /found nothing/],
  ['half a certificate', { cert: first.chain.slice(0, 300) }, 'unreadable', /cert:/],
  ['an expired certificate', await own({ notBefore: dayBefore, notAfter: yesterday }), 'expired', /expired on/],
  ['a certificate of tomorrow', await own({ notBefore: tomorrow }), 'not_yet_valid', /is not valid before/],
  ['a code signing certificate', await own({ extendedKeyUsage: ['codeSigning'] }), 'wrong_purpose', /found codeSigning; expected serverAuth or clientAuth/],
  ['a client certificate for a server', { ...await own({ profile: 'client' }), use: 'server' }, 'wrong_purpose', /use as server/],
  ['a server certificate for both', { ...await own({ profile: 'server' }), use: 'both' }, 'wrong_purpose', /use as both/],
  ['a chain out of order', { cert: intermediate.certificate + leaf.cert, key: leaf.key }, 'key_mismatch', /does not belong to/],
  ['an intermediate of somebody else', { cert: rsa.cert + intermediate.certificate, key: rsa.key }, 'chain', /certificate 2 did not issue certificate 1/],
  ['no CA', { ca: [] }, 'no_anchor', /found none/],
  ['an empty CA', { ca: '' }, 'unreadable', /ca:/],
  ['garbage for a CA', { ca: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' }, 'unreadable', /ca, certificate 1: found something that is not an X.509 certificate/],
  ['a leaf for a CA', { ca: second.cert }, 'no_anchor', /is not a CA certificate/],
  ['an expired CA', { ca: (await createDevCa({ notBefore: dayBefore, notAfter: yesterday })).root }, 'no_anchor', /none of them valid now/],
  ['a CRL of another CA', { crl: (await other.crl()).pem }, 'crl', /crl:/],
  ['garbage for a CRL', { crl: 'x' }, 'crl', /crl:/]
]

for (const [title, change, reason, message] of REFUSED) {
  test(`refuses ${title} (${reason})`, async (t) => {
    t.throws(() => memoryCredentials({ ...base, ...change }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason, message })
  })
}

test('refuses unknown and missing options by name', async (t) => {
  const make = (options: unknown): unknown => memoryCredentials(options as any)
  t.throws(() => make({ ...base, cer: 'x' }), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message: /unknown option "cer" for .*; did you mean "cert"\?/ })
  t.throws(() => make({ cert: first.chain, key: first.key }), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message: /ca is missing; expected CA certificates, or the option authorities/ })
  t.throws(() => make(null), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message: /expected an object/ })
})

test('an update rotates, and moves the trust epoch only with the trust', async (t) => {
  const source = memoryCredentials(base)
  const changes: any[] = []
  const published: any[] = []
  const listen = (message: unknown): void => { published.push(message) }
  subscribe('peerkit:credentials:rotated', listen)
  const end = source.subscribe((change) => { changes.push(change) })
  source.update({ cert: second.chain, key: second.key })
  t.match(changes[0], { type: 'rotated', trustChanged: false, snapshot: { generation: 2, trustEpoch: 1 }, previous: { generation: 1 } })
  source.update({ ca: [ca.root, other.root] })
  t.match(changes[1], { type: 'rotated', trustChanged: true, snapshot: { generation: 3, trustEpoch: 2 } })
  source.update({ crl: (await ca.crl()).der })
  t.match(changes[2], { type: 'rotated', trustChanged: true, snapshot: { trustEpoch: 3 } })
  t.not(source.current.revocation, undefined)
  const { revocation } = source.current
  source.update({ cert: first.chain, key: first.key })
  t.equal(source.current.revocation, revocation, 'the CRL index is kept where the CRL did not change')
  end()
  source.update({ cert: second.chain, key: second.key })
  t.equal(changes.length, 4)
  t.match(published[0], { v: 1, generation: 2, trustChanged: false })
  t.equal(published.length, 5)
  t.notMatch(JSON.stringify(published), /PRIVATE KEY/)
  unsubscribe('peerkit:credentials:rotated', listen)
  await source.close()
})

test('an update that is refused leaves everything as it was, and says so', async (t) => {
  const source = memoryCredentials(base)
  const before = source.current
  const changes: any[] = []
  const published: any[] = []
  const listen = (message: unknown): void => { published.push(message) }
  subscribe('peerkit:credentials:refused', listen)
  source.subscribe((change) => { changes.push(change) })
  t.throws(() => source.update({ key: second.key }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'key_mismatch' })
  t.equal(source.current, before)
  t.match(changes, [{ type: 'refused', error: { reason: 'key_mismatch' }, snapshot: before }])
  t.match(published, [{ v: 1, code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'key_mismatch', generation: 1 }])
  source.update({ cert: second.chain, key: second.key })
  t.equal(source.current.generation, 2, 'what was refused is not remembered')
  unsubscribe('peerkit:credentials:refused', listen)
})

test('a revoked certificate is known from the CRL', async (t) => {
  const authority = await createDevCa()
  const own = await authority.issue({ cn: 'own' })
  const bad = await authority.issue({ cn: 'bad' })
  authority.revoke(bad, { reason: 'keyCompromise' })
  const source = memoryCredentials({ cert: own.chain, key: own.key, ca: authority.root, crl: [(await authority.crl()).pem], revocationPolicy: 'hard' })
  const { parsePeerIdentity } = await import('@peerkit/identity')
  const [anchor] = source.current.anchors
  const status = await source.current.revocation?.check(parsePeerIdentity(bad.der), anchor)
  t.match(status, { state: 'revoked', reason: 'keyCompromise' })
  await source.close()
  await source.close()
})

test('a CA is gone at once, though its CRL still lies about', async (t) => {
  const crl = [(await ca.crl()).pem, (await other.crl()).pem]
  const source = memoryCredentials({ ...base, ca: [ca.root, other.root], crl })
  const peer = (await other.issue({ cn: 'peer' })).der
  t.same(source.current.warnings, [])
  const next = source.update({ ca: ca.root })
  t.same(next.ca, [ca.root])
  t.equal(next.trustEpoch, 2)
  t.match(next.warnings, [/ignored the CRL of CN=Other/])
  t.match(next.revocation?.check(parsePeerIdentity(peer), undefined), { state: 'unknown', why: 'no_crl' })
  t.throws(() => source.update({ crl: crl[1] }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'crl', message: /the CRL of CN=Peerkit.* is missing/ }, 'and its list takes the place of no other')
  await source.close()
  const late = memoryCredentials({ ...base, ca: [ca.root, other.root], crl: crl[1] })
  t.match(late.update({ ca: ca.root }).warnings, [/ignored the CRL of CN=Other/, /there is no CRL of CN=Peerkit/], 'and if it is the only one')
  await late.close()
})

test('CRLs of strangers alone are refused at the start: somebody took the wrong file', async (t) => {
  const { pem } = await other.crl()
  t.throws(() => memoryCredentials({ ...base, crl: pem }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'crl', message: /CN=Other.*, which is not a CA in ca, intermediates or crlIssuers/ })
})

test('an older CRL, or the loss of one, takes back no revocation', async (t) => {
  const authority = await createDevCa({ name: 'Clients' })
  const bad = await authority.issue({ cn: 'bad' })
  const identity = parsePeerIdentity(bad.der)
  const before = (await authority.crl()).pem
  const [beside, other2] = [(await ca.crl()).pem, (await ca.crl()).pem]
  authority.revoke(bad)
  const fresh = (await authority.crl()).pem
  const source = memoryCredentials({ ...base, ca: [ca.root, authority.root], crl: [fresh, beside], revocationPolicy: 'soft' })
  const refusals: Error[] = []
  source.subscribe((change) => { if (change.type === 'refused') refusals.push(change.error) })
  const { current } = source
  const missing = /^Credentials refused: crl: the CRL of CN=Clients.* is missing, though its CA is still trusted/
  for (const [crl, message] of [
    [[before, beside], /the CRL of CN=Clients.* is older than the current one, of /],
    [before + beside, /is older than the current one/],
    [undefined, missing],
    [[], missing],
    [beside, missing],
    [fresh, /the CRL of CN=Peerkit.* is missing/]
  ] as const) {
    t.throws(() => source.update({ crl }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'crl', message })
    t.equal(source.current, current)
    t.match(source.current.revocation?.check(identity, undefined), { state: 'revoked' })
  }
  t.equal(refusals.length, 6, 'and each is told')
  t.throws(() => source.update({ ca: [authority.root, other.root], crl: other2 }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'crl' }, 'the other CA in its place')
  t.match(source.update({ crl: [(await authority.crl()).pem, before, other2] }).revocation?.check(identity, undefined), { state: 'revoked' }, 'older ones beside a newer')
  t.equal(source.update({ ca: [ca.root], crl: other2 }).trustEpoch, 3, 'a CA goes with its list')
  t.equal(source.update({ ca: [other.root], crl: undefined }).revocation, undefined, 'and the last one too')
  t.match(source.update({ ca: [ca.root, authority.root], crl: [before] }).revocation?.check(identity, undefined), { state: 'good' }, 'a CA that comes anew brings what it has')
  await source.close()
})

test('a CRL that has ended is warned of, and is not lost: it still knows who was revoked', async (t) => {
  let now = Date.now()
  const clock = { now: () => now, schedule: () => () => {} }
  const nextUpdate = new Date(Math.floor(now / 1000) * 1000 + 3_600_000)
  const crl = (await ca.crl({ nextUpdate })).pem
  const source = memoryCredentials({ ...base, crl, clock })
  t.same(source.current.warnings, [])
  now = nextUpdate.getTime()
  const late = memoryCredentials({ ...base, crl, clock })
  t.match(late.current.warnings, [new RegExp(`^crl: the CRL of CN=Peerkit.* expired on ${nextUpdate.toISOString()}; the revocation of certificates of that CA is unknown$`)])
  t.throws(() => source.update({ crl: ca.root }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'crl' }, 'no CRL at all')
  for (const gone of [undefined, []]) {
    t.throws(() => source.update({ crl: gone }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'crl', message: /the CRL of CN=Peerkit.* is missing/ })
  }
  t.equal(source.update({ crl: (await ca.crl()).pem }).trustEpoch, 2, 'a newer one takes its place')
  await Promise.all([source.close(), late.close()])
})
