import { createPublicKey, generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import { renewingCredentials } from '../src/index.ts'
import type { CredentialChange, CertificateIssuer, IssuedMaterial, IssueQuestion, RenewingKeyType } from '../src/index.ts'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import { isSoon } from '@peerkit/test-support/turns'
import { nextChange } from './support/world.ts'
import { signFor } from '@peerkit/test-support/certificates'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const random = (): number => 0
const ca = await createDevCa({ notAfter: new Date(Date.now() + 400 * DAY) })

/** An issuer that signs what it is asked for, valid from now by `clock`. */
function makeIssuer (clock: ManualClock, { life, by = ca, answer = (material) => material }: { life: number, by?: DevCa, answer?: (material: IssuedMaterial) => IssuedMaterial | Promise<IssuedMaterial> }): CertificateIssuer & { questions: IssueQuestion[] } {
  const questions: IssueQuestion[] = []
  return {
    questions,
    async issue (question) {
      questions.push(question)
      const cert = await signFor(by, question.publicKey, { notBefore: clock.now(), notAfter: clock.now() + life })
      return await answer({ cert })
    }
  }
}

test('renews at two thirds of the life, with a new key each time', async (t) => {
  const clock = new ManualClock()
  const issuer = makeIssuer(clock, { life: 3 * HOUR })
  const source = await renewingCredentials(issuer, { ca: ca.root, clock, random })
  const keys = [source.current.key]
  for (const round of [1, 2, 3]) {
    const before = source.current
    // Certificates tell time by the second.
    clock.advance(2 * HOUR - 2_000)
    t.equal(issuer.questions.length, round, 'not yet')
    const rotated = nextChange(source)
    clock.advance(2_000)
    t.match(await rotated, { type: 'rotated', trustChanged: false, previous: before })
    t.equal(issuer.questions.at(-1)?.previous, before, 'the issuer may ask for a proof')
    keys.push(source.current.key)
  }
  t.equal(new Set(keys).size, 4)
  t.match(issuer.questions[0]?.privateKey, { type: 'private' })
  await source.close()
  t.equal(clock.waiting, 0)
})

test('renews after nine tenths of the life, whatever later time the issuer wishes', async (t) => {
  for (const wished of [2.5 * HOUR, 2.9 * HOUR, 100 * HOUR]) {
    const clock = new ManualClock()
    const issuer = makeIssuer(clock, { life: 3 * HOUR, answer: (material) => ({ ...material, renewAt: clock.now() + wished }) })
    const source = await renewingCredentials(issuer, { ca: ca.root, clock, random })
    const due = Math.min(wished, 2.7 * HOUR)
    clock.advance(due - 2_000)
    t.equal(issuer.questions.length, 1, 'not yet')
    clock.advance(2_000)
    t.ok(await isSoon(() => issuer.questions.length === 2), `${wished / HOUR} h`)
    await source.close()
  }
})

test('waits for months where a certificate lives for months', async (t) => {
  const clock = new ManualClock()
  const issuer = makeIssuer(clock, { life: 90 * DAY })
  const source = await renewingCredentials(issuer, { ca: ca.root, clock, random })
  clock.advance(60 * DAY - 2_000)
  t.equal(issuer.questions.length, 1)
  t.ok(Math.max(...clock.delays) <= HOUR, 'in steps that a timer can hold')
  const rotated = nextChange(source)
  clock.advance(2_000)
  await rotated
  await source.close()
})

test('jitter renews up to a twentieth of the life sooner', async (t) => {
  const clock = new ManualClock()
  const issuer = makeIssuer(clock, { life: 60 * MINUTE })
  const source = await renewingCredentials(issuer, { ca: ca.root, clock, random: () => 1 })
  const rotated = nextChange(source)
  clock.advance(36 * MINUTE)
  t.equal(issuer.questions.length, 1)
  clock.advance(MINUTE)
  await rotated
  await source.close()
})

test('an issuer that fails is asked again with back-off until it answers, also when the certificate has ended meanwhile', async (t) => {
  const clock = new ManualClock()
  let down = false
  const issuer = makeIssuer(clock, { life: 3 * MINUTE, answer: (material) => { if (down) throw new Error(`the CA is down (request ${Math.trunc(clock.now())})`); return material } })
  const source = await renewingCredentials(issuer, { ca: ca.root, clock, random, retryFirst: 10_000, retryLongest: 60_000, timeout: 9_999 })
  const before = source.current
  down = true
  const changes: CredentialChange[] = []
  const end = source.subscribe((change) => { changes.push(change) })
  const delays = [120_000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000]
  for (const [index, delay] of delays.slice(0, -1).entries()) {
    // A long wait is made of several timers.
    const retry = clock.nextTask((wait) => wait === delays[index + 1])
    clock.advance(delay)
    await retry
  }
  end()
  t.match(changes, [{ type: 'refused', error: { code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', reason: 'provider', message: /issuer failed: the CA is down \(request [0-9]+\)/ }, snapshot: before }])
  t.equal(changes.length, 1, 'one cause is told once, although its text differs')
  t.ok(source.current.notAfter < clock.now())
  down = false
  const rotated = nextChange(source)
  clock.advance(60_000)
  t.match(await rotated, { type: 'rotated', snapshot: { generation: 2 } })
  await source.close()
})

test('an answer that is refused keeps the old: for another key, by another usage, without a CA', async (t) => {
  const clock = new ManualClock()
  let answer = (material: IssuedMaterial): IssuedMaterial => material
  const issuer = makeIssuer(clock, { life: HOUR, answer: (material) => answer(material) })
  const source = await renewingCredentials(issuer, { ca: ca.root, clock, random })
  const before = source.current
  const foreign = await ca.issue({ cn: 'foreign' })
  for (const [spoil, expected] of [
    [() => ({ cert: foreign.chain }), { reason: 'key_mismatch' }],
    [({ cert }: IssuedMaterial) => ({ cert, ca: '' }), { reason: 'unreadable' }],
    [({ cert }: IssuedMaterial) => ({ cert, ca: foreign.cert }), { reason: 'no_anchor' }],
    [() => ({} as IssuedMaterial), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message: /answer\.cert is missing/ }],
    [({ cert }: IssuedMaterial) => ({ cert, chain: cert } as IssuedMaterial), { message: /unknown option "chain"/ }],
    [() => ({ cert: 7 } as unknown as IssuedMaterial), { message: /answer\.cert is a number; expected PEM/ }]
  ] as const) {
    answer = spoil as typeof answer
    const refused = nextChange(source)
    await source.refresh().catch(() => {})
    t.match(await refused, { type: 'refused', error: expected, snapshot: before })
  }
  await source.close()
})

test('an issuer may bring its own key and its own CA, and move the trust', async (t) => {
  const clock = new ManualClock()
  const other = await createDevCa({ name: 'Other' })
  const own = await other.issue({ cn: 'own key' })
  let answer: IssuedMaterial = { cert: own.chain, key: own.key, ca: other.root }
  const source = await renewingCredentials({ issue: () => answer }, { clock, random })
  t.equal(source.current.key, own.key)
  answer = { ...answer, ca: other.root + ca.root }
  t.match(await source.refresh(), { trustEpoch: 2 })
  await source.close()
})

test('an issuer that answers with a certificate late in its life is not asked without pause', async (t) => {
  const clock = new ManualClock()
  const old = await ca.issue({ notBefore: new Date(clock.now() - 9 * HOUR), notAfter: new Date(clock.now() + HOUR) })
  let calls = 0
  const issue = (): IssuedMaterial => {
    calls += 1
    return { cert: old.chain, key: old.key }
  }
  const source = await renewingCredentials({ issue }, { ca: ca.root, clock, random })
  clock.advance(19 * MINUTE)
  t.equal(calls, 1)
  await source.close()
})

test('instances that got the same late certificate ask again after 15 to 20 of 60 minutes', async (t) => {
  for (const [random, minutes] of [[0, 20], [1, 15]] as const) {
    const clock = new ManualClock()
    const old = await ca.issue({ notBefore: new Date(clock.now() - 9 * HOUR), notAfter: new Date(clock.now() + HOUR) })
    const issue = (): IssuedMaterial => ({ cert: old.chain, key: old.key })
    const source = await renewingCredentials({ issue }, { ca: ca.root, clock, random: () => random })
    const next = source.status?.().renewal?.nextRenewal ?? 0
    t.equal(Math.round((next - clock.now()) / MINUTE), minutes)
    await source.close()
  }
})

test('a source that is closed while it makes a key orders no certificate', async (t) => {
  const clock = new ManualClock()
  const issuer = makeIssuer(clock, { life: 3 * HOUR })
  const source = await renewingCredentials(issuer, { ca: ca.root, clock, random })
  clock.advance(2 * HOUR)
  await source.close()
  // The key is made in the pool of threads, before these.
  for (let made = 0; made < 20; made += 1) await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })
  t.equal(issuer.questions.length, 1)
})

test('makes the kind of key that is wanted', async (t) => {
  const clock = new ManualClock()
  for (const [keyType, type, details] of [
    ['ec-p256', 'ec', { namedCurve: 'prime256v1' }], ['ec-p384', 'ec', { namedCurve: 'secp384r1' }], ['ed25519', 'ed25519', {}], ['rsa-2048', 'rsa', { modulusLength: 2048 }], ['rsa-3072', 'rsa', { modulusLength: 3072 }]
  ] as Array<[RenewingKeyType, string, object]>) {
    const issuer = makeIssuer(clock, { life: HOUR })
    const source = await renewingCredentials(issuer, { ca: ca.root, keyType, clock })
    const key = createPublicKey(issuer.questions[0]?.publicKey ?? '')
    t.equal(key.asymmetricKeyType, type)
    t.match(key.asymmetricKeyDetails, details)
    await source.close()
  }
})

test('refuses wrong options by name', async (t) => {
  const issuer = { issue: (): IssuedMaterial => { throw new Error('never asked') } }
  const make = async (given: unknown, options?: unknown): Promise<unknown> => await renewingCredentials(given as CertificateIssuer, options as object)
  for (const [given, options, message] of [
    [null, {}, /issuer is null; expected an object with issue\(\)/],
    [() => {}, {}, /issuer is a function; expected an object with issue/],
    [issuer, { keytype: 'ed25519' }, /unknown option "keytype" for .*; did you mean "keyType"\?/],
    [issuer, { keyType: 'dsa' }, /keyType is "dsa"; expected "ec-p256", "ec-p384"/],
    [issuer, { renewAfter: 1 }, /renewAfter is 1; expected a number above 0 and below 1/],
    [issuer, { ca: 7 }, /ca is a number/]
  ] as const) await t.rejects(make(given, options), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message }, String(message))
  const own = await ca.issue()
  await t.rejects(make({ issue: () => ({ cert: own.chain, key: own.key }) }), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message: /answer\.ca is missing/ })
})

test('an answer with an older CRL, or without one, takes back no revocation', async (t) => {
  const clock = new ManualClock()
  const authority = await createDevCa()
  const bad = await authority.issue({ cn: 'bad' })
  const old = (await authority.crl()).pem
  authority.revoke(bad)
  const lists = [(await authority.crl()).pem, old, undefined]
  const issuer = makeIssuer(clock, { life: 3 * HOUR, answer: (material) => ({ ...material, crl: lists.shift() }) })
  const source = await renewingCredentials(issuer, { ca: [ca.root, authority.root], clock, random })
  for (const message of [/is older than the current one/, /is missing, though/]) {
    await t.rejects(source.refresh(), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'crl', message })
    t.match(source.current.revocation?.check(parsePeerIdentity(bad.der), undefined), { state: 'revoked' })
  }
  await source.close()
})
