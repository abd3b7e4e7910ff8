import { createHash } from 'node:crypto'
import { describeValue, listWords } from '@peerkit/identity/internal'
import { IssuerError } from '../errors.ts'
import type { AcmeSession } from './acme-session.ts'
import type { Identifier } from './identifiers.ts'

/** What proves a name by http-01: this text, at `/.well-known/acme-challenge/TOKEN` of port 80 of the name. */
export interface Http01Answer {
  /** The name that is proved: `ledger.example`, or an IP address. */
  readonly identifier: string
  readonly token: string
  /** The text to answer with. */
  readonly keyAuthorization: string
}

/** What proves a name by dns-01: this TXT record. */
export interface Dns01Record {
  /** The name that is proved, without `*.`. */
  readonly identifier: string
  /** Where the record is: `_acme-challenge.ledger.example`. */
  readonly name: string
  /** What it contains. Other values of the name have to stay: a name and its wildcard are proved together. */
  readonly value: string
}

/** Puts the proof of a name where the CA looks for it. */
export interface ChallengeHook<Proof> {
  /**
   * Puts it there. The CA is told to look when this has ended.
   *
   * @param signal aborted when the time of the call is over, or the source is closed
   */
  set (proof: Proof, signal: AbortSignal): void | Promise<void>
  /** Takes it away. Called after every `set`, also after one that failed or was too slow. */
  remove (proof: Proof): void | Promise<void>
}

/** How names are proved: at least one of the two. */
export interface ChallengeHooks {
  readonly http01: ChallengeHook<Http01Answer> | undefined
  readonly dns01: ChallengeHook<Dns01Record> | undefined
}

/** A challenge that we meet. */
export interface Challenge {
  readonly type: 'http-01' | 'dns-01'
  readonly url: URL
  set (signal: AbortSignal): Promise<void>
  remove (): Promise<void>
}

/** RFC 8555 section 8: base64url. Anything else is refused, because a hook may make a path of it. */
const TOKEN = /^[\w-]{16,256}$/

/**
 * Chooses the challenge of an authorization: http-01 where it is set up and can prove the name, else dns-01. A wildcard
 * can be proved by dns-01 alone, an IP address by http-01 alone (RFC 8738).
 *
 * @throws IssuerError
 */
export function chooseChallenge (
  offered: unknown, identifier: Identifier, isWildcard: boolean, { session, hooks }: {
    readonly session: AcmeSession, readonly hooks: ChallengeHooks
  }
): Challenge {
  const found = listChallenges(offered)
  const { http01, dns01 } = hooks
  const ways = [
    ...(http01 !== undefined && !isWildcard ? [{ type: 'http-01', make: answerTo(http01) } as const] : []),
    ...(dns01 !== undefined && identifier.type === 'dns' ? [{ type: 'dns-01', make: recordFor(dns01) } as const] : [])
  ]
  for (const { type, make } of ways) {
    const challenge = found.find((one) => one['type'] === type)
    if (challenge === undefined) continue
    const { token, url } = challenge
    if (typeof token !== 'string' || !TOKEN.test(token)) {
      const found = `the token of ${type} for ${identifier.value} is no base64url of 16 to 256 characters`
      throw new IssuerError('answer', `${session.name}: ${found}`)
    }
    const authorization = `${token}.${session.signer.thumbprint}`
    return { type, url: session.locate(url, `the URL of ${type}`), ...make(identifier.value, token, authorization) }
  }
  const shown = found.slice(0, 5).map(({ type }) => typeof type === 'string' ? type : describeValue(type))
  const types = listWords(shown, 'or')
  const name = isWildcard ? `*.${identifier.value}` : identifier.value
  const ours = ways.length === 0 ? 'none that can prove it' : listWords(ways.map(({ type }) => type), 'and')
  throw new IssuerError('challenge', `${session.name}: ${name} can be proved by ${types || 'nothing'}; the option ` +
    `challenges has ${ours}`)
}

/** What an authorization holds that is a challenge at all. */
export function listChallenges (found: unknown): ReadonlyArray<Readonly<Record<string, unknown>>> {
  if (!Array.isArray(found)) return []
  return found.filter((one: unknown) => typeof one === 'object' && one !== null) as Array<Record<string, unknown>>
}

type Make = (identifier: string, token: string, keyAuthorization: string) => Pick<Challenge, 'set' | 'remove'>

function answerTo (hook: ChallengeHook<Http01Answer>): Make {
  return (identifier, token, keyAuthorization) => bind(hook, { identifier, token, keyAuthorization })
}

function recordFor (hook: ChallengeHook<Dns01Record>): Make {
  return (identifier, _, keyAuthorization) => {
    const value = createHash('sha256').update(keyAuthorization).digest('base64url')
    return bind(hook, { identifier, name: `_acme-challenge.${identifier}`, value })
  }
}

function bind<Proof extends object> (hook: ChallengeHook<Proof>, proof: Proof): Pick<Challenge, 'set' | 'remove'> {
  const frozen = Object.freeze(proof)
  return {
    async set (signal) { await hook.set(frozen, signal) },
    async remove () { await hook.remove(frozen) }
  }
}
