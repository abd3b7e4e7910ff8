import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa, RevocationReason, RevocationTarget } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import { parseCrl } from '@peerkit/revocation'
import { test } from 'tap'

const read = (from: DevCa, pem: string | Uint8Array): ReturnType<typeof parseCrl> =>
  parseCrl(pem, { issuers: [parsePeerIdentity(from.der)] })
const REASONS: readonly RevocationReason[] = [
  'keyCompromise', 'cACompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation', 'certificateHold',
  'privilegeWithdrawn', 'aACompromise'
]

test('a CRL lists what was revoked, with reason and date, and nothing else', async (t) => {
  const ca = await createDevCa()
  const date = new Date(Date.UTC(2026, 0, 2, 3, 4, 5))
  const leaves = await Promise.all(REASONS.map(async () => await ca.issue()))
  leaves.forEach((leaf, index) => { ca.revoke(leaf, { reason: REASONS[index] ?? 'unspecified', date }) })
  ca.revoke('00FF', { date })
  ca.revoke('abcd', { reason: 'unspecified', date })
  const list = read(ca, (await ca.crl()).pem)
  t.same(
    leaves.map(({ serialNumber }) => list.find(serialNumber)), REASONS.map((reason) => ({ reason, revokedAt: +date }))
  )
  t.same(list.find('ff'), { reason: undefined, revokedAt: +date })
  t.same(list.find('abcd'), { reason: undefined, revokedAt: +date })
  t.notOk(list.has((await ca.issue()).serialNumber))
  t.equal(list.size, REASONS.length + 2)
})

test('an empty CRL is one, in PEM and in DER', async (t) => {
  const ca = await createDevCa()
  const { pem, der } = await ca.crl()
  t.match(pem, /^-----BEGIN X509 CRL-----/)
  for (const input of [pem, der]) t.equal(read(ca, input).size, 0)
})

test('numbers count up, also from one that was chosen, and go beyond an octet', async (t) => {
  const ca = await createDevCa()
  const numberOf = async (options?: object): Promise<unknown> => {
    const made = await ca.crl(options)
    t.equal(read(ca, made.pem).number, BigInt(made.number))
    return made.number
  }
  t.equal(await numberOf(), 1)
  t.equal(await numberOf(), 2)
  t.equal(await numberOf({ number: 255 }), 255)
  t.equal(await numberOf(), 256)
  t.equal(await numberOf({ number: 7 }), 7)
  t.equal(await numberOf(), 257)
  t.equal(await numberOf({ number: 0 }), 0)
})

test('a CRL is for a week from now unless it is said otherwise', async (t) => {
  const ca = await createDevCa()
  const thisUpdate = new Date(Date.UTC(2026, 5, 1))
  const plain = read(ca, (await ca.crl({ thisUpdate })).pem)
  t.same([plain.thisUpdate, plain.nextUpdate], [+thisUpdate, +thisUpdate + 7 * 86_400_000])
  const far = read(ca, (await ca.crl({ thisUpdate, nextUpdate: new Date(Date.UTC(2055, 0)) })).pem)
  t.equal(far.nextUpdate, Date.UTC(2055, 0))
})

test('on purpose wrong: a CRL that names no end', async (t) => {
  const ca = await createDevCa()
  const thisUpdate = new Date(Date.UTC(2026, 5, 1))
  const text = Buffer.from((await ca.crl({ thisUpdate, nextUpdate: null })).der).toString('latin1')
  t.match(text, '260601000000Z')
  t.notMatch(text, '260608000000Z')
})

test('a delta CRL lists what came after its base, and names it', async (t) => {
  const ca = await createDevCa()
  const [early, late] = await Promise.all([ca.issue(), ca.issue()])
  ca.revoke(early, { reason: 'certificateHold' })
  const base = await ca.crl()
  ca.revoke(late)
  ca.revoke('1234', { reason: 'removeFromCRL' })
  const delta = read(ca, (await ca.crl({ deltaBase: base.number })).pem)
  t.equal(delta.baseNumber, 1n)
  t.equal(delta.number, 2n)
  t.same(
    [delta.has(early.serialNumber), delta.has(late.serialNumber), delta.find('1234')?.reason],
    [false, true, 'removeFromCRL']
  )
  const complete = read(ca, (await ca.crl()).pem)
  t.same([complete.has(early.serialNumber), complete.has(late.serialNumber), complete.has('1234')], [true, true, false])
  t.notOk(complete.isDelta)
})

test('an intermediate signs its own CRLs, with an own count', async (t) => {
  const ca = await createDevCa()
  await ca.crl()
  const intermediate = await ca.intermediate()
  const leaf = await intermediate.issue()
  intermediate.revoke(leaf.serialNumber.toUpperCase())
  const list = read(intermediate, (await intermediate.crl()).pem)
  t.equal(list.number, 1n)
  t.ok(list.has(leaf.serialNumber))
  t.throws(() => read(ca, Buffer.alloc(0)), { code: 'MTLS_ERR_CRL_INVALID' })
})

test('what to revoke is named by what was issued, a CA, PEM, DER or a serial number', async (t) => {
  const ca = await createDevCa()
  const intermediate = await ca.intermediate()
  const { serialNumber = '' } = parsePeerIdentity(intermediate.der)
  const leaf = await ca.issue()
  const targets: ReadonlyArray<readonly [target: RevocationTarget, serialNumber: string]> = [
    [intermediate, serialNumber],
    [intermediate.certificate, serialNumber],
    [intermediate.chain, serialNumber],
    [intermediate.der, serialNumber],
    [serialNumber, serialNumber],
    [leaf, leaf.serialNumber],
    [leaf.chain, leaf.serialNumber],
    [leaf.der, leaf.serialNumber]
  ]
  for (const [index, [target, expected]] of targets.entries()) {
    ca.revoke(target)
    const list = read(ca, (await ca.crl()).pem)
    t.same([list.size, list.has(expected)], [index < 5 ? 1 : 2, true])
  }
})

test('a certificate of another CA is refused, also if that CA has the same name', async (t) => {
  const [ca, twin] = [await createDevCa(), await createDevCa()]
  const other = await createDevCa({ name: 'Other' })
  const middle = await ca.intermediate()
  const code = 'MTLS_ERR_DEV_CA_OPTION'
  const leaf = await twin.issue({ serialNumber: '0a' })
  for (const target of [leaf, leaf.cert, leaf.der]) {
    t.throws(() => { ca.revoke(target) }, { code, message: /from another CA of the name CN=Peerkit development CA; expected one that/ })
  }
  t.throws(() => { ca.revoke(other) }, { code, message: /from another CA \(CN=Other\); expected one that this CA \(CN=Peerkit development CA\) has issued/ })
  t.throws(() => { middle.revoke(middle) }, { code, message: /is that of the CA CN=Peerkit development intermediate CA itself; .*a CA is revoked by the CA above it/ })
  t.throws(() => { ca.revoke(ca) }, { code, message: /itself/ })
  t.equal(read(ca, (await ca.crl()).pem).size, 0)
})

test('a CA knows the serial numbers that it has issued', async (t) => {
  const ca = await createDevCa()
  const [leaf, middle] = [await ca.issue({ serialNumber: 'ABCD' }), await ca.intermediate()]
  const { serialNumber = '' } = parsePeerIdentity(middle.der)
  t.same(['abcd', 'ABCD', leaf.serialNumber, serialNumber, '01'].map((serial) => ca.hasIssued(serial)), [true, true, true, true, false])
  t.notOk(middle.hasIssued(leaf.serialNumber))
})

test('anything else to revoke is refused by name, and no key is shown', async (t) => {
  const ca = await createDevCa()
  const wrong: ReadonlyArray<readonly [target: unknown, message: RegExp]> = [
    [undefined, /certificate is undefined; expected an issued certificate, a CA, PEM, DER or a serial number/],
    [null, /certificate is null; expected/],
    [5, /certificate is 5; expected/],
    [{}, /certificate is an object of another kind; expected/],
    [{ serialNumber: 5 }, /certificate is an object of another kind; expected/],
    [ca.key, /certificate is PEM without a readable certificate/],
    [ca.key.replace(/-----.*/g, ''), /serial number is \d+ characters; expected hexadecimal bytes, or PEM/],
    [Buffer.from('junk'), /certificate is 4 bytes that cannot be parsed; expected DER of a certificate/],
    [ca.der.subarray(0, 100), /certificate is 100 bytes that cannot be parsed/]
  ]
  for (const [target, message] of wrong) {
    const revoke = (): void => { ca.revoke(target as RevocationTarget) }
    t.throws(revoke, { code: 'MTLS_ERR_DEV_CA_OPTION', message })
  }
  t.equal(read(ca, (await ca.crl()).pem).size, 0)
})

test('wrong options of a revocation or a CRL are refused by name, and nothing is revoked', async (t) => {
  const ca = await createDevCa()
  const code = 'MTLS_ERR_DEV_CA_OPTION'
  t.throws(() => { ca.revoke('01', { reason: 'bored' as any }) }, { code, message: /reason is "bored"; expected one of unspecified, keyCompromise/ })
  t.throws(() => { ca.revoke('01', { date: new Date(NaN) }) }, { code, message: /date is an invalid Date/ })
  t.throws(() => { ca.revoke('01', { raeson: 'x' } as any) }, { code, message: /unknown option "raeson" for revoke; did you mean "reason"\?/ })
  for (const serial of ['', '1', 'xyz', '0x01']) t.throws(() => { ca.revoke(serial) }, { code, message: /serial number is .*expected hexadecimal/ })
  await t.rejects(ca.crl({ number: -1 }), { code, message: /number is -1/ })
  await t.rejects(ca.crl({ deltaBase: 0.5 }), { code, message: /deltaBase is 0\.5/ })
  await t.rejects(ca.crl({ thisUpdate: new Date(NaN) }), { code, message: /thisUpdate/ })
  await t.rejects(ca.crl({ nextUpdate: 'soon' as any }), { code, message: /nextUpdate is "soon"; expected .*or null/ })
  t.equal(read(ca, (await ca.crl()).pem).size, 0)
})
