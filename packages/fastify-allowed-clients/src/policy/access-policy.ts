import type { NearestRule } from '@peerkit/events'
import type { PeerIdentity } from '@peerkit/identity'
import { isThenable } from '@peerkit/identity/internal'
import type { Authorizer, Explanation, RequestUse, TemporaryRule, Verdict } from '@peerkit/rules'
import { VerdictMemory } from './verdict-memory.ts'

/** The answer of a policy. */
export type Answer = Verdict | { readonly allowed: false, readonly reason: 'no_rule', readonly error?: undefined }

/**
 * Larger rule sets are not explained. An explanation visits every rule, and a denied client could cause one with each
 * new connection.
 */
const MAX_EXPLAINED = 10_000

/** Decides which clients may call. */
export interface AccessPolicy {
  /**
   * Returns the answer for a peer. It is cached unless it may depend on the request: a function may have given it, or a
   * rule takes a value from the request.
   */
  ask (peer: PeerIdentity | null, request: unknown): Answer | Promise<Answer>
  /** Whether the answer is cached. */
  remembers (peer: PeerIdentity | null): boolean
  /** The rule that came closest; undefined if there is none, or there are too many rules. */
  nearest (peer: PeerIdentity, request: unknown): NearestRule | undefined
  /** The answer without a request: `needs-request` if it depends on one. */
  preview (peer: PeerIdentity | null): 'allowed' | 'denied' | 'needs-request'
  /** Explains the answer rule by rule; undefined if there are no rules, or too many. */
  explain (peer: PeerIdentity | null, request?: unknown): Explanation | undefined
  /** One line for each rule. */
  describe (): string
  /** The values of the request that the rules name. */
  readonly requestValues: readonly RequestUse[]
  /** Milliseconds until a rule begins or ends; Infinity if none does. */
  readonly left: number
  /** The rules that hold for a time. */
  readonly temporary: readonly TemporaryRule[]
  /** True if no rules were declared. */
  readonly isClosed?: true
}

/**
 * Allows the clients that match rules. Answers that depend only on the identity are cached. A reload makes new
 * policies, so the cache is never cleared.
 */
export class RulesAccessPolicy implements AccessPolicy {
  readonly #authorizer: Authorizer
  readonly #answers: VerdictMemory<Verdict>
  readonly #nearest: VerdictMemory<{ readonly rule: NearestRule | undefined }>
  #description: string | undefined

  /** @param now the clock by which the rules decide */
  constructor (authorizer: Authorizer, now: () => number) {
    this.#authorizer = authorizer
    this.#answers = new VerdictMemory(authorizer.temporary, now)
    this.#nearest = new VerdictMemory(authorizer.temporary, now)
  }

  get requestValues (): readonly RequestUse[] { return this.#authorizer.requestValues }

  get temporary (): readonly TemporaryRule[] { return this.#authorizer.temporary }

  get left (): number { return this.#answers.left }

  ask (peer: PeerIdentity | null, request: unknown): Answer | Promise<Answer> {
    if (peer === null) return NO_IDENTITY
    const known = this.#answers.get(peer)
    if (known !== undefined) return known
    const verdict = this.#authorizer.authorize(peer, request)
    if (!this.#authorizer.usesRequest && !isThenable(verdict)) this.#answers.set(peer, verdict)
    return verdict
  }

  remembers (peer: PeerIdentity | null): boolean { return peer === null || this.#answers.has(peer) }

  nearest (peer: PeerIdentity, request: unknown): NearestRule | undefined {
    if (this.#authorizer.size > MAX_EXPLAINED) return undefined
    if (this.requestValues.length > 0) return summarize(this.#authorizer.explain(peer, request))
    let known = this.#nearest.get(peer)
    if (known === undefined) {
      known = { rule: summarize(this.#authorizer.explain(peer)) }
      this.#nearest.set(peer, known)
    }
    return known.rule
  }

  preview (peer: PeerIdentity | null): 'allowed' | 'denied' | 'needs-request' {
    if (peer === null) return 'denied'
    // Without functions the cache can be used. Functions must not be called here.
    if (this.#authorizer.isAsync) return this.#authorizer.explain(peer).verdict.allowed ? 'allowed' : 'needs-request'
    const verdict = this.ask(peer, undefined) as Verdict
    if (verdict.allowed) return 'allowed'
    return verdict.reason === 'incomplete_request' ? 'needs-request' : 'denied'
  }

  explain (peer: PeerIdentity | null, request?: unknown): Explanation | undefined {
    return this.#authorizer.size > MAX_EXPLAINED ? undefined : this.#authorizer.explain(peer, request)
  }

  describe (): string {
    this.#description ??= this.#authorizer.describe()
    return this.#description
  }
}

function summarize ({ closest }: Explanation): NearestRule | undefined {
  if (closest === undefined) return undefined
  const failed = closest.failed.map(({ key, expected, found, note, isClaim, asked }) => ({
    key, expected, found, note, ...(isClaim && { isClaim }), ...(asked !== undefined && { asked })
  }))
  return { path: closest.path, matched: closest.matched, failed }
}

const NO_IDENTITY: Verdict = Object.freeze({ allowed: false, reason: 'no_identity' })
const NO_RULE: Answer = Object.freeze({ allowed: false, reason: 'no_rule' })
/** What a policy without rules depends on. */
const ON_NOTHING = { requestValues: Object.freeze([]), temporary: Object.freeze([]), left: Infinity }
const AUTHENTICATED: Verdict = Object.freeze({ allowed: true, rule: 0, group: undefined })

/** Every client with an accepted certificate. */
export const authenticatedOnly: AccessPolicy = Object.freeze({
  ask: (peer: PeerIdentity | null) => peer === null ? NO_IDENTITY : AUTHENTICATED,
  remembers: () => true,
  nearest: () => undefined,
  preview: (peer: PeerIdentity | null) => peer === null ? 'denied' : 'allowed',
  explain: () => undefined,
  describe: () => '- every authenticated client',
  ...ON_NOTHING
})

/** No client. Used for routes without rules. */
export const denyAll: AccessPolicy = Object.freeze({
  ask: (peer: PeerIdentity | null) => peer === null ? NO_IDENTITY : NO_RULE,
  remembers: () => true,
  nearest: () => undefined,
  preview: () => 'denied',
  explain: () => undefined,
  describe: () => '- nobody (no rules)',
  ...ON_NOTHING,
  isClosed: true
})
