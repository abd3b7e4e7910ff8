import { createDevCa } from '@peerkit/dev-ca'
import { decodePem, parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { crlChecker } from '@peerkit/revocation'
import type { RevocationChecker, RevocationStatus } from '@peerkit/revocation'
import { test } from 'tap'
import { PathAnchorsError, PathOptionError, createPathValidator } from '../src/index.ts'
import type { PathValidatorOptions, PathVerdict } from '../src/index.ts'
import { element, oid } from '@peerkit/test-support/der'
import { NOW, Party, altNames, dns, nameConstraints } from '@peerkit/test-support/mint'

const [root, ca] = [new Party('CN=root'), new Party('CN=ca')]
const anchor = root.root()
const intermediate = root.certify(ca, { notAfter: NOW + 60_000 })
const leaf = ca.issue()
const now = (): number => NOW
const DAY = 86_400_000

/** A checker that answers as told, by common name. */
function checker (
  answers: Record<string, RevocationStatus | Promise<RevocationStatus> | Error>, permits = true
): RevocationChecker & { asked: string[], epoch: number } {
  const asked: string[] = []
  return {
    epoch: 1,
    asked,
    check (certificate: PeerIdentity, issuer: PeerIdentity | undefined) {
      const name = certificate.subject!.commonName!
      asked.push(`${name} by ${issuer?.subject?.commonName}`)
      const answer = answers[name] ?? { state: 'good', source: 'crl', until: NOW + DAY }
      if (answer instanceof Error) throw answer
      return answer
    },
    permits: (status) => status.state === 'good' || (status.state === 'unknown' && permits),
    subscribe: () => () => {},
    close: async () => {}
  }
}

test('tells the path above the leaf, the anchor, and when the answer ends', async (t) => {
  const verdict = createPathValidator({ anchors: () => [anchor], now }).validate(
    leaf, [intermediate]
  ) as Extract<PathVerdict, { valid: true }>
  t.equal(verdict.valid, true)
  t.same(
    verdict.path.map(({ fingerprint256 }) => fingerprint256),
    [intermediate, anchor].map((der) => parsePeerIdentity(der).fingerprint256)
  )
  t.equal(verdict.anchor, verdict.path[1])
  t.equal(verdict.until, NOW + 61_000, 'the second after the first of the path ends')
  t.ok(Object.isFrozen(verdict) && Object.isFrozen(verdict.path))
})

test('a verdict counts until whichever certificate of the path ends first: leaf, CA or anchor', async (t) => {
  const [soon, lasting] = [{ notAfter: NOW + 60_000 }, root.certify(ca)]
  for (const [what, given, sent, trusted] of [
    ['leaf', ca.issue('CN=leaf', soon), lasting, anchor],
    ['CA', leaf, intermediate, anchor],
    ['anchor', leaf, lasting, root.root(soon)]
  ] as const) {
    let time = NOW
    const validator = createPathValidator({ anchors: () => [trusted], now: () => time })
    const verdict = validator.validate(given, [sent])
    t.match(verdict, { valid: true, until: NOW + 61_000 }, what)
    time = NOW + 60_999
    t.equal(validator.validate(given, [sent]), verdict, `${what}: in its last second`)
    time = NOW + 61_000
    t.match(validator.validate(given, [sent]), { valid: false, step: 'expired' }, `${what}: after it`)
  }
})

test('validates what a development CA issues, in process and by its own clock', async (t) => {
  const authority = await createDevCa()
  const middle = await authority.intermediate()
  const client = await middle.issue({ profile: 'client', spiffe: 'spiffe://example.org/a' })
  const validator = createPathValidator({ anchors: () => decodePem(authority.certificate) })
  t.match(validator.validate(client.der, decodePem(middle.chain)), { valid: true })
  t.match(validator.validate((await middle.issue({ profile: 'server' })).der, [middle.der]), { reason: 'wrong_purpose' })
  t.match(validator.validate((await middle.issue({ ca: true, extendedKeyUsage: [] })).der, [middle.der]), { reason: 'ca_as_leaf' })
  const gone = await middle.issue({ notAfter: new Date(Date.now() - 10_000) })
  t.match(validator.validate(gone.der, [middle.der]), { reason: 'expired' })
})

test('remembers an answer until it ends, and only for the very same octets', async (t) => {
  let time = NOW
  const revocation = checker({})
  const validator = createPathValidator({ anchors: () => [anchor], now: () => time, revocation })
  const first = validator.validate(leaf, [intermediate])
  t.equal(validator.validate(Buffer.from(leaf), [Buffer.from(intermediate)]), first)
  t.equal(revocation.asked.length, 2)
  t.not(validator.validate(leaf, [intermediate, intermediate]), first)
  const moved = Buffer.concat([leaf, intermediate])
  t.match(validator.validate(moved, []), { reason: 'unreadable' }, 'another cut of the same octets is another chain')
  time += 61_000
  t.match(validator.validate(leaf, [intermediate]), { reason: 'expired' })
})

test('remembers a refusal for a while', async (t) => {
  let time = NOW
  const validator = createPathValidator({ anchors: () => [anchor], now: () => time, negativeTtl: 1000 })
  const first = validator.validate(leaf, [])
  t.match(first, { reason: 'unknown_ca' })
  t.equal(validator.validate(leaf, []), first)
  time += 1000
  t.not(validator.validate(leaf, []), first)
})

test('remembers no more than it is told, and nothing if told so', async (t) => {
  const revocation = checker({})
  const one = createPathValidator({ anchors: () => [anchor], now, revocation, cacheSize: 1 })
  const [first, second] = [ca.issue('CN=1'), ca.issue('CN=2')]
  for (const der of [first, second, first]) await one.validate(der, [intermediate])
  t.equal(revocation.asked.length, 6)
  const none = createPathValidator({ anchors: () => [anchor], now, cacheSize: 0 })
  t.not(none.validate(first, [intermediate]), none.validate(first, [intermediate]))
})

test('acceptances count for the memory that they take', async (t) => {
  const revocation = checker({})
  const validator = createPathValidator({ anchors: () => [anchor], now, revocation, cacheBytes: 100_000 })
  const names = Array.from({ length: 131 }, () => element(0xa0, oid('1.2.3'), element(0xa0, element(0x05))))
  const made = root.certify(ca, { extensions: [altNames(...names)] })
  const all = ['CN=1', 'CN=2', 'CN=3', 'CN=4'].map((subject) => ca.issue(subject))
  for (const der of all) await validator.validate(der, [made])
  t.equal(revocation.asked.length, 8)
  await validator.validate(all[3]!, [made])
  t.equal(revocation.asked.length, 8, 'the last is remembered')
  await validator.validate(all[0]!, [made])
  t.equal(revocation.asked.length, 10, 'the first is not')
})

test('forgets everything when the anchors move, with a generation and without', async (t) => {
  for (const stated of [true, false]) {
    let anchors: readonly Uint8Array[] = [anchor]
    let generation = 1
    const validator = createPathValidator({
      anchors: () => anchors.map((der) => new Uint8Array(der)), now, ...(stated && { generation: () => generation })
    })
    const before = validator.generation
    t.match(validator.validate(leaf, [intermediate]), { valid: true })
    t.equal(validator.generation, before)
    anchors = [new Party('CN=root').root()]
    if (stated) {
      t.match(validator.validate(leaf, [intermediate]), { valid: true }, 'not asked before the generation moved')
    }
    generation += 1
    t.match(validator.validate(leaf, [intermediate]), { step: 'signature_invalid' })
    t.equal(validator.generation, before + 1)
    anchors = [anchor]
    generation += 1
    t.match(validator.validate(leaf, [intermediate]), { valid: true }, 'a refusal is forgotten too')
  }
})

test('trusts nobody while the anchors cannot be read, and recovers', async (t) => {
  for (const stated of [true, false]) {
    let anchors: () => readonly Uint8Array[] = () => [anchor]
    let generation = 1
    const validator = createPathValidator({
      anchors: () => anchors(), now, ...(stated && { generation: () => generation })
    })
    t.match(validator.validate(leaf, [intermediate]), { valid: true })
    for (const broken of [() => [], () => [Buffer.from('no certificate')], () => { throw new Error('gone') }]) {
      anchors = broken
      generation += 1
      t.match(validator.validate(leaf, [intermediate]), { step: 'anchors_invalid' })
      t.match(validator.validate(leaf, [intermediate]), { step: 'anchors_invalid' })
    }
    anchors = () => [anchor]
    t.match(
      validator.validate(leaf, [intermediate]), { valid: true },
      'also where the generation is still that of the failure'
    )
  }
})

test('asks about the leaf and each intermediate, each with its issuer, and never about the anchor', async (t) => {
  const revocation = checker({})
  const verdict = createPathValidator({ anchors: () => [anchor], now, revocation }).validate(leaf, [intermediate])
  t.match(verdict, { valid: true })
  t.same(revocation.asked, ['client by ca', 'ca by root'])
})

test('of two paths that fail, the one that failed at revocation is told, in whatever order they are tried', async (t) => {
  const [first, second] = [root.certify(ca), root.certify(ca, { extensions: [nameConstraints([], [dns('client.example')])] })]
  const named = ca.issue('CN=client', { extensions: [altNames(dns('client.example'))] })
  const revoked: RevocationStatus = { state: 'revoked', source: 'crl', reason: undefined, revokedAt: NOW }
  const unknown: RevocationStatus = { state: 'unknown', why: 'no_crl' }
  for (const [ofCa, step] of [[unknown, 'revocation_unknown'], [revoked, 'revoked']] as const) {
    for (const sent of [[first, second], [second, first]]) {
      const revocation = checker({ ca: ofCa }, false)
      t.match(createPathValidator({ anchors: () => [anchor], now, revocation }).validate(named, sent), { step })
      t.ok(revocation.asked.length > 0)
    }
  }
  t.match(createPathValidator({ anchors: () => [anchor], now }).validate(named, [second]), { step: 'name_constraint' })
})

test('refuses what is revoked and, by a hard policy, what is not known to be good', async (t) => {
  const validateWith = (revocation: RevocationChecker): PathVerdict | Promise<PathVerdict> =>
    createPathValidator({ anchors: () => [anchor], now, revocation }).validate(leaf, [intermediate])
  const revoked: RevocationStatus = { state: 'revoked', source: 'crl', reason: 'keyCompromise', revokedAt: NOW }
  const unknown: RevocationStatus = { state: 'unknown', why: 'no_crl' }
  t.match(
    validateWith(checker({ client: revoked })),
    { reason: 'revoked', detail: /^CN=client .* is revoked \(keyCompromise\)$/ }
  )
  t.match(validateWith(checker({ ca: { ...revoked, reason: undefined } })), { reason: 'revoked' })
  t.match(validateWith(checker({ ca: unknown }, false)), { reason: 'revocation_unknown', detail: /no_crl/ })
  t.match(
    validateWith(checker({ client: new Error('broken') }, false)), { reason: 'revocation_unknown', why: 'check_failed' }
  )
  t.match(
    validateWith({ ...checker({ ca: unknown }), permits: () => { throw new Error('broken') } }),
    { reason: 'revocation_unknown' }
  )
  t.match(
    await validateWith({ ...checker({ ca: Promise.resolve(unknown) }), permits: () => { throw new Error('broken') } }),
    { reason: 'revocation_unknown' }
  )
  t.match(
    validateWith(checker({ ca: unknown })), { valid: true, until: NOW + 60_000 },
    'a soft policy lets it pass for a minute'
  )
  t.match(
    validateWith(checker({ client: { state: 'good', source: 'ocsp', until: NOW + 5000 } })),
    { valid: true, until: NOW + 5000 }
  )
})

test('answers later only where revocation does, once for all who ask meanwhile', async (t) => {
  let answer: (status: RevocationStatus) => void = () => {}
  const revocation = checker({ client: new Promise((resolve) => { answer = resolve }) })
  const validator = createPathValidator({ anchors: () => [anchor], now, revocation })
  const first = validator.validate(leaf, [intermediate])
  t.ok(first instanceof Promise)
  t.equal(validator.validate(leaf, [intermediate]), first)
  answer({ state: 'good', source: 'ocsp', until: NOW + DAY })
  t.match(await first, { valid: true })
  t.equal(revocation.asked.length, 2)
  t.match(validator.validate(leaf, [intermediate]), { valid: true }, 'and at once from then on')
})

test('an answer that does not come is joined for five seconds, and keeps nobody waiting who comes later', async (t) => {
  let time = NOW
  const revocation = checker({ client: new Promise(() => {}) })
  const validator = createPathValidator({ anchors: () => [anchor], now: () => time, revocation })
  const silent = validator.validate(leaf, [intermediate])
  time += 4_999
  t.equal(validator.validate(leaf, [intermediate]), silent)
  time += 1
  const asked = revocation.asked.length
  const again = validator.validate(leaf, [intermediate])
  t.not(again, silent)
  t.equal(revocation.asked.length, asked + 2)
  t.equal(validator.validate(leaf, [intermediate]), again, 'which is joined in turn')
  revocation.check = () => ({ state: 'good', source: 'ocsp', until: NOW + DAY })
  time += 5_000
  t.match(validator.validate(leaf, [intermediate]), { valid: true }, 'a checker that answers again is heard')
})

test('an answer under way is none for another trust', async (t) => {
  const revocation = checker({ client: new Promise(() => {}) })
  const validator = createPathValidator({ anchors: () => [anchor], now, revocation })
  const before = validator.validate(leaf, [intermediate])
  revocation.epoch += 1
  t.not(validator.validate(leaf, [intermediate]), before)
})

test('an answer under way is about the octets that were asked about, whatever becomes of them', async (t) => {
  let answer: (status: RevocationStatus) => void = () => {}
  const revocation = checker({ client: new Promise((resolve) => { answer = resolve }) })
  const validator = createPathValidator({ anchors: () => [anchor], now, revocation })
  const [given, beside] = [new Uint8Array(leaf), new Uint8Array(intermediate)]
  const pending = validator.validate(given, [beside])
  given[20]! ^= 1
  beside[20]! ^= 1
  t.not(validator.validate(new Uint8Array(given), [new Uint8Array(beside)]), pending)
  t.equal(validator.validate(leaf, [intermediate]), pending)
  revocation.epoch += 1
  answer({ state: 'good', source: 'ocsp', until: NOW + DAY })
  t.match(await pending, { valid: true }, 'also where it is asked for again')
})

test('an answer that was found under another trust is asked for again, and in the end refused', async (t) => {
  let answer: (status: RevocationStatus) => void = () => {}
  const waiting = new Promise<RevocationStatus>((resolve) => { answer = resolve })
  const revocation = checker({ client: waiting })
  const validator = createPathValidator({ anchors: () => [anchor], now, revocation })
  const pending = validator.validate(leaf, [intermediate])
  revocation.epoch += 1
  const before = validator.generation
  answer({ state: 'good', source: 'ocsp', until: NOW + DAY })
  const verdict = await pending
  t.match(verdict, { valid: true })
  t.equal(validator.generation, before)
  t.same(revocation.asked, ['client by ca', 'ca by root', 'client by ca', 'ca by root'])
  t.equal(validator.validate(leaf, [intermediate]), verdict, 'the second answer is remembered')
  const restless: RevocationChecker & { epoch: number } = {
    ...checker({}),
    epoch: 1,
    check: async () => {
      await null
      restless.epoch += 1
      return { state: 'good', source: 'ocsp', until: NOW + DAY }
    }
  }
  const moving = createPathValidator({ anchors: () => [anchor], now, revocation: restless })
  const refused = {
    valid: false,
    reason: 'revocation_unknown',
    detail: 'the trust anchors or the revocation data changed while the certificate was checked'
  }
  t.match(await moving.validate(leaf, [intermediate]), refused)
  t.equal(restless.epoch, 7, 'two certificates, three times')
})

test('takes another way where the first leads over a revoked cross-certificate, at once and later', async (t) => {
  const other = new Party('CN=other')
  const anchors = [other.root(), anchor]
  const revoked = parsePeerIdentity(other.certify(ca))
  const status: RevocationStatus = { state: 'revoked', source: 'crl', reason: undefined, revokedAt: NOW }
  for (const later of [false, true]) {
    const base = checker({})
    const revocation: RevocationChecker = {
      ...base,
      check: (certificate, issuer) => certificate.fingerprint256 === revoked.fingerprint256
        ? (later ? Promise.resolve(status) : status)
        : base.check(certificate, issuer)
    }
    const validator = createPathValidator({ anchors: () => anchors, now, revocation })
    const verdict = await validator.validate(leaf, [revoked.raw!, intermediate])
    t.match(verdict, { valid: true })
    t.equal(verdict.valid && verdict.anchor.subject?.commonName, 'root')
    t.match(await validator.validate(leaf, [revoked.raw!]), { reason: 'revoked' })
  }
})

test('follows CRLs, and forgets when a new one comes', async (t) => {
  const authority = await createDevCa()
  const client = await authority.issue({ profile: 'client' })
  const issuers = [parsePeerIdentity(authority.der)]
  const revocation = crlChecker({ crls: [(await authority.crl()).der], issuers })
  const validator = createPathValidator({ anchors: () => [authority.der], generation: () => 1, revocation })
  t.match(validator.validate(client.der, []), { valid: true })
  authority.revoke(client)
  revocation.replace([(await authority.crl()).der])
  t.match(validator.validate(client.der, []), { reason: 'revoked' })
})

test('refuses what is too much, and what is no certificate', async (t) => {
  const validator = createPathValidator({ anchors: () => [anchor], now, limits: { maxCertificates: 2, maxBytes: 5000 } })
  t.match(validator.validate(leaf, [intermediate, intermediate, intermediate]), { step: 'too_large', detail: '3 intermediates; at most 2' })
  t.match(validator.validate(leaf, [new Uint8Array(5000)]), { step: 'too_large', detail: /octets of certificates; at most 5000/ })
  t.match(validator.validate(leaf, [new Uint8Array(100)]), { reason: 'unknown_ca' }, 'what cannot be read is no candidate')
  t.match(validator.validate(leaf, [new Uint8Array(100), intermediate]), { valid: true })
  t.match(validator.validate(new Uint8Array(0), []), { reason: 'unreadable' })
  for (const wrong of [undefined, null, 'text', {}]) {
    t.match(validator.validate(wrong as unknown as Uint8Array, []), { reason: 'unreadable' })
    t.match(validator.validate(leaf, [wrong as unknown as Uint8Array]), { reason: 'unreadable' })
    t.match(validator.validate(leaf, wrong as unknown as Uint8Array[]), { reason: 'unreadable' })
  }
  const octets = leaf.length + intermediate.length
  const atMost = (maxBytes: number): unknown => {
    return createPathValidator({ anchors: () => [anchor], now, limits: { maxBytes } }).validate(leaf, [intermediate])
  }
  t.match(atMost(octets), { valid: true }, 'as many octets as are allowed')
  t.match(atMost(octets - 1), { step: 'too_large', detail: `${octets} octets of certificates; at most ${octets - 1}` })
})

test('refuses wrong options when it is made, by name', async (t) => {
  const make = (options: object): void => {
    createPathValidator({ anchors: () => [anchor], ...options } as PathValidatorOptions)
  }
  for (const [options, message] of [
    [{ anchors: undefined }, /anchors is missing; expected a function/], [{ anchor: 1 }, /unknown option "anchor" for createPathValidator; did you mean "anchors"\?/], [{ generation: 1 }, /generation is 1; expected a function/],
    [{ purpose: 'client' }, /purpose is "client"/], [{ now: 5 }, /now is 5; expected a function that returns milliseconds/], [{ revocation: {} }, /revocation is an object without check\(\); expected an object with check\(\) and permits\(\)/], [{ revocation: null }, /revocation is null/],
    [{ cacheSize: -1 }, /cacheSize is -1/], [{ cacheBytes: 0 }, /cacheBytes is 0/], [{ strict: 1 }, /strict is 1/], [{ negativeTtl: -1 }, /negativeTtl is -1; expected milliseconds from 0/], [{ negativeTtl: Infinity }, /negativeTtl is Infinity/], [{ limits: null }, /limits is null/], [{ limits: { depth: 1 } }, /unknown option "depth" for limits/],
    [{ limits: { maxDepth: '8' } }, /limits\.maxDepth is "8"; expected a whole number/], [{ policies: null }, /policies is null/], [{ policies: { accept: [] } }, /unknown option "accept" for policies/],
    [{ policies: { accepted: [] } }, /at least one OID/], [{ policies: { accepted: ['gold'] } }, /accepted\[0\] is "gold"; expected an OID/], [{ policies: { inhibitAny: 1 } }, /inhibitAny is 1/]
  ] as const) t.throws(() => make(options), { code: 'MTLS_ERR_PATH_OPTION', message })
  t.throws(() => createPathValidator(undefined as unknown as PathValidatorOptions), PathOptionError)
  t.doesNotThrow(() => make({ limits: { maxDepth: undefined } }))
})

test('refuses to start without usable anchors', async (t) => {
  for (const anchors of [() => [], () => [Buffer.from('x')], () => 'x', () => { throw new Error('no file') }]) {
    t.throws(() => createPathValidator({ anchors: anchors as () => Uint8Array[] }), PathAnchorsError)
  }
})
