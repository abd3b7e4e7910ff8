import { setImmediate as turn } from 'node:timers/promises'
import { test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import { providerCredentials } from '../src/index.ts'
import type { CredentialProvider, ProvidedMaterial, ProviderQuestion } from '../src/index.ts'
import { ManualClock } from '@peerkit/test-support/manual-clock'
import { collect, nextChange } from './support/world.ts'

const ca = await createDevCa()
const random = (): number => 0
const HOUR = 3_600_000

async function issue (cn: string, options: object = {}): Promise<ProvidedMaterial> {
  const { chain, key } = await ca.issue({ cn, ...options })
  return { cert: chain, key, ca: ca.root }
}

/** A provider whose answers are given one by one. */
function script (...answers: Array<ProvidedMaterial | Error | Promise<never>>): { provider: CredentialProvider, questions: ProviderQuestion[] } {
  const questions: ProviderQuestion[] = []
  const provider: CredentialProvider = async (question) => {
    questions.push(question)
    const answer = answers.shift()
    if (answer === undefined || answer instanceof Error) throw answer ?? new Error('no more answers')
    return await answer
  }
  return { provider, questions }
}

test('asks again when it is time, and tells what is in force', async (t) => {
  const clock = new ManualClock()
  const { provider, questions } = script(await issue('one'), await issue('two'), { ...await issue('three'), refreshAfter: 5_000 }, await issue('four'))
  const source = await providerCredentials(provider, { refresh: 60_000, clock, random })
  t.equal(questions[0]?.previous, undefined)
  for (const [name, delay] of [['two', 60_000], ['three', 60_000], ['four', 5_000]] as const) {
    const before = source.current
    clock.advance(delay - 1)
    t.equal(source.current, before, 'not yet')
    const rotated = nextChange(source)
    clock.advance(1)
    t.match(await rotated, { type: 'rotated', trustChanged: false, previous: before })
    t.equal(source.current.identity.subject?.commonName, name)
    t.equal(questions.at(-1)?.previous, before)
  }
  await source.close()
  t.equal(clock.waiting, 0)
})

test('asks sooner where the certificate ends sooner', async (t) => {
  const clock = new ManualClock()
  const { provider } = script(await issue('short', { notAfter: new Date(clock.now() + 30_000) }), await issue('long'))
  const source = await providerCredentials(provider, { refresh: HOUR, clock, random })
  const rotated = nextChange(source)
  clock.advance(10_000)
  await rotated
  t.equal(source.current.identity.subject?.commonName, 'long')
  await source.close()
})

test('jitter brings the next question up to a tenth nearer', async (t) => {
  const clock = new ManualClock()
  const { provider, questions } = script(await issue('one'), await issue('two'))
  const source = await providerCredentials(provider, { refresh: 10_000, clock, random: () => 1 })
  const rotated = nextChange(source)
  clock.advance(8_999)
  t.equal(questions.length, 1)
  clock.advance(1)
  await rotated
  await source.close()
})

test('the same answer is no rotation', async (t) => {
  const clock = new ManualClock()
  const one = await issue('one')
  const { provider, questions } = script(one, { ...one }, await issue('two'))
  const source = await providerCredentials(provider, { refresh: 1_000, clock, random })
  t.equal(await source.refresh(), source.current)
  t.equal(source.current.generation, 1)
  await source.refresh()
  t.equal(source.current.generation, 2)
  t.equal(questions.length, 3)
  await source.close()
})

test('failures keep the old, are told with their reason, and are repeated with back-off', async (t) => {
  const clock = new ManualClock()
  const refusals = collect(t, 'refused')
  const key = (await ca.issue()).key
  const { provider, questions } = script(await issue('one'), new Error('vault is sealed'), { ...await issue('two'), key }, { cert: 'x' } as unknown as ProvidedMaterial, await issue('three'))
  const source = await providerCredentials(provider, { refresh: HOUR, retryFirst: 1_000, retryLongest: 3_000, clock, random })
  const before = source.current
  for (const [delay, code, reason, message] of [
    [HOUR, 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', 'provider', /provider failed: vault is sealed/],
    [1_000, 'MTLS_ERR_CREDENTIALS_REFUSED', 'key_mismatch', /the key does not belong to/],
    [2_000, 'MTLS_ERR_CREDENTIALS_OPTION', undefined, /answer\.ca is missing/]
  ] as const) {
    const asked = questions.length
    clock.advance(delay - 1)
    t.equal(questions.length, asked, 'not yet')
    const refused = nextChange(source)
    clock.advance(1)
    t.match(await refused, { type: 'refused', error: { code, message, ...(reason !== undefined && { reason }) }, snapshot: before })
    t.equal(source.current, before)
  }
  t.equal(refusals.length, 3)
  const rotated = nextChange(source)
  clock.advance(3_000)
  t.match(await rotated, { type: 'rotated', snapshot: { generation: 2 } })
  await source.close()
})

test('an answer that does not come in time is given up, its signal aborted, and a late one ignored', async (t) => {
  const clock = new ManualClock()
  let answerLate = (_material: ProvidedMaterial): void => {}
  const late = new Promise<ProvidedMaterial>((resolve) => { answerLate = resolve })
  const { provider, questions } = script(await issue('one'), late as Promise<never>, await issue('three'))
  const source = await providerCredentials(provider, { timeout: 2_000, retryFirst: 1_000, clock, random })
  const refused = nextChange(source)
  const refreshed = source.refresh()
  await turn()
  t.equal(questions[1]?.signal.aborted, false)
  clock.advance(2_000)
  await t.rejects(refreshed, { code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', message: /provider: no answer within 2000 ms/ })
  t.match(await refused, { type: 'refused', error: { reason: 'timeout' } })
  t.equal(questions[1]?.signal.aborted, true)
  answerLate(await issue('late'))
  await late
  const rotated = nextChange(source)
  clock.advance(1_000)
  await rotated
  t.equal(source.current.identity.subject?.commonName, 'three')
  t.equal(source.current.generation, 2)
  await source.close()
})

test('two who want it now wait for one answer', async (t) => {
  const { provider, questions } = script(await issue('one'), await issue('two'))
  const source = await providerCredentials(provider)
  const [a, b] = await Promise.all([source.refresh(), source.refresh()])
  t.equal(a, b)
  t.equal(questions.length, 2)
  await source.close()
})

test('close() while a question is open aborts it and takes no answer', async (t) => {
  const { provider, questions } = script(await issue('one'), new Promise<never>(() => {}))
  const source = await providerCredentials(provider)
  const refreshed = source.refresh()
  refreshed.catch(() => {})
  await turn()
  t.equal(questions[1]?.signal.aborted, false)
  await source.close()
  await t.rejects(refreshed, { code: 'MTLS_ERR_CREDENTIALS_CLOSED' })
  t.equal(questions[1]?.signal.aborted, true)
  await t.rejects(source.refresh(), { code: 'MTLS_ERR_CREDENTIALS_CLOSED' })
  t.equal(source.current.identity.subject?.commonName, 'one')
})

test('at the start it asks several times where nobody answers, and not again where the answer is wrong', async (t) => {
  const clock = new ManualClock()
  const eager = { retryFirst: 1, random: () => 1 }
  const second = script(new Error('not yet'), await issue('one'))
  t.equal((await providerCredentials(second.provider, eager)).current.generation, 1)
  const never = script(new Error('one'), new Error('two'), new Error('three'), await issue('four'))
  await t.rejects(providerCredentials(never.provider, eager), { code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE', message: /provider failed: three/ })
  const wrong = script({ ...await issue('one'), key: (await ca.issue()).key }, await issue('two'))
  await t.rejects(providerCredentials(wrong.provider, { clock }), { code: 'MTLS_ERR_CREDENTIALS_REFUSED' })
  t.equal(wrong.questions.length, 1)
  const text = (() => { throw 'plain text' }) as CredentialProvider // eslint-disable-line no-throw-literal
  await t.rejects(providerCredentials(text, { attempts: 1 }), { message: /provider failed: plain text/ })
})

test('CRLs come through it as well', async (t) => {
  const { provider } = script({ ...await issue('one'), crl: (await ca.crl()).der }, { ...await issue('two'), crl: (await ca.crl()).der })
  const source = await providerCredentials(provider)
  const first = source.current.revocation
  t.not(first, undefined)
  t.match(await source.refresh(), { generation: 2, trustEpoch: 2 })
  t.not(source.current.revocation, first)
  await source.close()
})

test('refuses wrong options by name', async (t) => {
  const make = async (provider: unknown, options?: unknown): Promise<unknown> => await providerCredentials(provider as CredentialProvider, options as object)
  const fine = async (): Promise<ProvidedMaterial> => await issue('x')
  for (const [provider, options, message] of [
    [null, {}, /provider is null; expected a function/],
    [fine, { refesh: 1 }, /unknown option "refesh" for .*; did you mean "refresh"\?/],
    [fine, { refresh: -1 }, /refresh is -1; expected milliseconds above 0/],
    [fine, { refresh: Infinity }, /refresh is Infinity; expected milliseconds above 0 and at most 3,155,760,000,000/],
    ...['timeout', 'retryFirst', 'retryLongest'].map((name) => [fine, { [name]: 2 ** 31 }, new RegExp(`${name} is 2147483648; expected milliseconds above 0 and at most 2,147,483,647`)] as const),
    [fine, { refresh: '5m' }, /refresh is "5m"/],
    [fine, { timeout: Infinity }, /timeout is Infinity/],
    [fine, { attempts: 0 }, /attempts is 0; expected a whole number/],
    [fine, { random: 4 }, /random is 4; expected a function/],
    [fine, { retryFirst: 10, retryLongest: 5 }, /retryLongest is 5; expected at least retryFirst, 10/],
    [fine, { use: 'servers' }, /use is "servers"; expected "server"/],
    [fine, { chain: true }, /chain is true; expected "required"/],
    [fine, { clock: {} }, /clock is an object without now\(\); expected an object with now\(\) and schedule\(\)/],
    [async () => ({ ...await issue('x'), refreshAfter: 0 }), { attempts: 1 }, /refreshAfter is 0/],
    [async () => null, { attempts: 1 }, /answer is null; expected an object/]
  ] as const) await t.rejects(make(provider, options), { code: 'MTLS_ERR_CREDENTIALS_OPTION', message }, String(message))
})

test('an answer with an older CRL, or without one, takes back no revocation', async (t) => {
  const authority = await createDevCa()
  const material = await issue('one')
  const bad = await authority.issue({ cn: 'bad' })
  const old = (await authority.crl()).pem
  authority.revoke(bad)
  const fresh = (await authority.crl()).pem
  const ca2 = [ca.root, authority.root]
  const identity = parsePeerIdentity(bad.der)
  const { provider } = script(
    { ...material, ca: ca2, crl: fresh }, { ...material, ca: ca2, crl: old }, { ...material, ca: ca2 }, { ...material, ca: ca2, crl: [(await ca.crl()).pem] },
    { ...material, crl: [] })
  const source = await providerCredentials(provider, { random })
  for (const message of [/is older than the current one/, /is missing, though/, /is missing, though/]) {
    const refused = nextChange(source)
    await t.rejects(source.refresh(), { code: 'MTLS_ERR_CREDENTIALS_REFUSED', reason: 'crl', message })
    t.match(await refused, { type: 'refused' })
    t.match(source.current.revocation?.check(identity, undefined), { state: 'revoked' })
  }
  t.equal((await source.refresh()).revocation, undefined, 'the CA went with its list')
  await source.close()
})
