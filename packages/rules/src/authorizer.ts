import type { PeerIdentity } from '@peerkit/identity'
import type { Explanation } from './explanation.ts'
import type { Verdict } from './verdict.ts'

/** A compiled rule set. It is frozen and has no state, so that all connections can share it. */
export interface Authorizer {
  /**
   * Whether the rule set has predicates. If so, `authorize` may return a promise, and a verdict may depend on the
   * request, so it must not be cached for the connection. Without predicates the verdict is synchronous and depends on
   * the identity alone.
   */
  readonly isAsync: boolean
  /**
   * Decides whether a peer is authorized: by the rules first, then by the predicates in order. Never throws or rejects
   * because of a predicate.
   *
   * @param peer the identity of the peer; without one the verdict is `no_identity`
   * @param request passed to the predicates unchanged
   * @returns the verdict; a promise only if a predicate returned one
   */
  authorize (peer: PeerIdentity | undefined | null, request?: unknown): Verdict | Promise<Verdict>
  /** Explains the verdict on a peer. Predicates are not called. For logs and operators, never for the client. */
  explain (peer: PeerIdentity | undefined | null): Explanation
  /** Rules that probably allow more, or less, than was meant. At most 20, and a count of the rest. */
  readonly warnings: readonly string[]
  /** Who is allowed, as text for humans: one line per rule, at most 50. */
  describe (): string
  /** The number of rules and predicates, including those of groups. */
  readonly size: number
}
