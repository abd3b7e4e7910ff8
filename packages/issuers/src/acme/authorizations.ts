import { clip, describeValue, messageOf, withTimeout } from '@peerkit/identity/internal'
import { IssuerError } from '../errors.ts'
import type { AcmeSession } from './acme-session.ts'
import { chooseChallenge, listChallenges } from './challenges.ts'
import type { Challenge, ChallengeHooks } from './challenges.ts'
import type { Identifier } from './identifiers.ts'
import { poll } from './poll.ts'
import { readProblem } from './problem.ts'

/** What an order needs to prove its names. */
export interface Proving {
  readonly session: AcmeSession
  /** The URL of the account. */
  readonly kid: string
  readonly identifiers: readonly Identifier[]
  readonly hooks: ChallengeHooks
}

/** The proofs of an order are accepted. */
export interface Proved {
  /** Settles when every proof was taken away again, and never rejects. Nobody has to wait for it. */
  readonly removed: Promise<void>
}

/** A challenge that was begun, and the name that it proves. */
interface Begun {
  readonly url: URL
  /** As it stands in the order, with `*.`. */
  readonly name: string
  readonly challenge: Challenge
  /** Settles when `set` has. */
  readonly set: Promise<void>
}

/**
 * Proves the names of an order that are not proved yet.
 *
 * @throws IssuerError, or the reason of the signal
 */
export async function proveNames (urls: readonly URL[], proving: Proving): Promise<Proved> {
  const begun: Begun[] = []
  try {
    for (const url of urls) {
      const found = await begin(url, proving)
      if (found === undefined) continue
      begun.push(found)
      await waitForSet(found, proving.session)
    }
    for (const { challenge } of begun) await proving.session.post(challenge.url, {}, proving.kid)
    const faults: string[] = []
    for (const one of begun) faults.push(...await awaitVerdict(one, proving))
    if (faults.length === 0) return { removed: removeAll(begun) }
    throw new IssuerError('challenge', `${proving.session.name}: ${faults.join('; ')}`)
  } catch (error) {
    removeAll(begun).catch(() => {})
    throw error
  }
}

/** @returns undefined if the name is proved already */
async function begin (url: URL, proving: Proving): Promise<Begun | undefined> {
  const { session, kid, identifiers, hooks } = proving
  const { status, identifier, wildcard, challenges } = (await session.post(url, undefined, kid)).json()
  const { type, value } = (identifier ?? {}) as { type?: unknown, value?: unknown }
  const isWildcard = wildcard === true
  const name = typeof value !== 'string' ? undefined : isWildcard ? `*.${value}` : value
  // A server that lies could have any record set in our DNS.
  if (name === undefined || !identifiers.some((one) => one.type === type && one.value === name)) {
    const found = `an authorization is for ${describeValue(name ?? value)}`
    throw new IssuerError('answer', `${session.name}: ${found}; expected one of the names of the order`)
  }
  if (status === 'valid') return undefined
  if (status !== 'pending') {
    const found = `the authorization of ${name} is ${describeValue(status)}`
    throw new IssuerError('answer', `${session.name}: ${found}; expected "pending" or "valid"`)
  }
  const proved = { type, value } as Identifier
  const challenge = chooseChallenge(challenges, proved, isWildcard, { session, hooks })
  return { url, name, challenge, set: challenge.set(session.signal) }
}

/** @throws IssuerError, or the reason of the signal: a hook that ignores it makes nobody wait */
async function waitForSet ({ set, name, challenge }: Begun, { signal, name: server }: AcmeSession): Promise<void> {
  try {
    await withTimeout(set, { signal })
  } catch (error) {
    signal.throwIfAborted()
    const detail = `${server}: ${challenge.type} of ${name} could not be set up: ${clip(messageOf(error))}`
    throw new IssuerError('challenge', detail, { cause: error })
  }
}

/** @returns what is wrong; empty if the name is proved */
async function awaitVerdict ({ url, name, challenge }: Begun, { session, kid }: Proving): Promise<readonly string[]> {
  return await poll(async () => {
    const answer = await session.post(url, undefined, kid)
    const { status, challenges } = answer.json()
    if (status === 'pending') return { value: undefined, retryAfter: answer.retryAfter }
    if (status === 'valid') return { value: [], retryAfter: undefined }
    const met = listChallenges(challenges).find((one) => one['type'] === challenge.type)
    const problem = readProblem(met?.['error'])
    const cause = problem?.text ?? `the authorization is ${describeValue(status)}`
    return { value: [`${name}: ${challenge.type} failed: ${cause}`], retryAfter: undefined }
  }, { what: `${session.name}: the authorization of ${name}`, signal: session.signal })
}

/** Takes every proof away, once its `set` has ended. What cannot be taken away is told, and costs no certificate. */
async function removeAll (begun: readonly Begun[]): Promise<void> {
  await Promise.all(begun.map(async ({ set, name, challenge }) => {
    await set.catch(() => {})
    try {
      await challenge.remove()
    } catch (error) {
      const message = `ACME: ${challenge.type} of ${name} could not be taken away: ${clip(messageOf(error))}`
      process.emitWarning(message, { code: 'PEERKIT_CHALLENGE_LEFT' })
    }
  }))
}
