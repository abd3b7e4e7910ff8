import type { NearestRule } from '@peerkit/events'
import type { PeerIdentity } from '@peerkit/identity'
import type { Authorizer, Explanation, Verdict } from '@peerkit/rules'

export type { NearestRule, RequestRefusalReason } from '@peerkit/events'

/** The answer of an audience. */
export type Answer = Verdict | { readonly allowed: false, readonly reason: 'no_rule', readonly error?: undefined }

/** An explanation walks every rule, so a denied client could make the server walk a very long list on each new connection. */
const MAX_EXPLAINED = 10_000

/** Who may call. */
export interface Audience {
  /** An answer that a predicate may have given is of this request, and is not remembered. */
  ask (peer: PeerIdentity | null, request: unknown): Answer | Promise<Answer>
  /** Whether the answer is known without looking at the rules. */
  remembers (peer: PeerIdentity | null): boolean
  /** Undefined where there is none, or where there are too many to look. */
  nearest (peer: PeerIdentity): NearestRule | undefined
  /** What it would answer, without a request: `needs-request` where a predicate would decide. */
  preview (peer: PeerIdentity | null): 'allowed' | 'denied' | 'needs-request'
  /** What its rules make of a peer; undefined where there are none, or too many to look. */
  explain (peer: PeerIdentity | null): Explanation | undefined
  /** One line a rule. */
  describe (): string
  /** Whether nothing says who may call. */
  readonly isClosed?: true
}

/** Whom rules allow, with a memory for what depends on the identity alone. Reloaded rules are new audiences, so nothing needs to be forgotten. */
export class RuledAudience implements Audience {
  readonly #authorizer: Authorizer
  readonly #answers = new WeakMap<PeerIdentity, Verdict>()
  readonly #nearest = new WeakMap<PeerIdentity, { readonly rule: NearestRule | undefined }>()
  #description: string | undefined

  constructor (authorizer: Authorizer) {
    this.#authorizer = authorizer
  }

  ask (peer: PeerIdentity | null, request: unknown): Answer | Promise<Answer> {
    if (peer === null) return NO_IDENTITY
    const known = this.#answers.get(peer)
    if (known !== undefined) return known
    const verdict = this.#authorizer.authorize(peer, request)
    if (!this.#authorizer.isAsync && !(verdict instanceof Promise)) this.#answers.set(peer, verdict)
    return verdict
  }

  remembers (peer: PeerIdentity | null): boolean { return peer === null || this.#answers.has(peer) }

  nearest (peer: PeerIdentity): NearestRule | undefined {
    if (this.#authorizer.size > MAX_EXPLAINED) return undefined
    let known = this.#nearest.get(peer)
    if (known === undefined) {
      known = { rule: summarize(this.#authorizer.explain(peer)) }
      this.#nearest.set(peer, known)
    }
    return known.rule
  }

  preview (peer: PeerIdentity | null): 'allowed' | 'denied' | 'needs-request' {
    if (peer === null) return 'denied'
    // Without predicates the memory serves; with them they must not be asked.
    if (!this.#authorizer.isAsync) return (this.ask(peer, undefined) as Verdict).allowed ? 'allowed' : 'denied'
    return this.#authorizer.explain(peer).verdict.allowed ? 'allowed' : 'needs-request'
  }

  explain (peer: PeerIdentity | null): Explanation | undefined {
    return this.#authorizer.size > MAX_EXPLAINED ? undefined : this.#authorizer.explain(peer)
  }

  describe (): string {
    this.#description ??= this.#authorizer.describe()
    return this.#description
  }
}

function summarize ({ closest }: Explanation): NearestRule | undefined {
  if (closest === undefined) return undefined
  const failed = closest.failed.map(({ key, expected, found, note, isClaim }) => ({ key, expected, found, note, ...(isClaim && { isClaim }) }))
  return { path: closest.path, matched: closest.matched, failed }
}

const NO_IDENTITY: Verdict = Object.freeze({ allowed: false, reason: 'no_identity' })
const NO_RULE: Answer = Object.freeze({ allowed: false, reason: 'no_rule' })
const AUTHENTICATED: Verdict = Object.freeze({ allowed: true, rule: 0, group: undefined })

/** Every client with an accepted certificate. */
export const everyAuthenticated: Audience = Object.freeze({
  ask: (peer: PeerIdentity | null) => peer === null ? NO_IDENTITY : AUTHENTICATED,
  remembers: () => true,
  nearest: () => undefined,
  preview: (peer: PeerIdentity | null) => peer === null ? 'denied' : 'allowed',
  explain: () => undefined,
  describe: () => '- every authenticated client'
})

/** Nobody: what counts where no rules say who may call. */
export const nobody: Audience = Object.freeze({
  ask: (peer: PeerIdentity | null) => peer === null ? NO_IDENTITY : NO_RULE,
  remembers: () => true,
  nearest: () => undefined,
  preview: () => 'denied',
  explain: () => undefined,
  describe: () => '- nobody (no rules)',
  isClosed: true
})
