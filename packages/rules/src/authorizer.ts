import type { PeerIdentity } from '@peerkit/identity'
import type { Explanation } from './explanation.ts'
import type { Verdict } from './verdict.ts'

/** A compiled rule set. Frozen, without state: one serves any number of connections. */
export interface Authorizer {
  /**
   * Whether it holds predicates. Then `authorize` may answer with a promise, and a verdict may depend on the request: it must not be remembered for the connection. Without
   * predicates the verdict is immediate and depends on the identity alone.
   */
  readonly isAsync: boolean
  /**
   * Whether the peer is meant. Never throws or rejects for what a predicate does. The rules are asked first, then the predicates in order.
   *
   * @param request handed to predicates as it is
   */
  authorize (peer: PeerIdentity | undefined | null, request?: unknown): Verdict | Promise<Verdict>
  /** Why, in detail; predicates are not asked. For logs and the command line, never for the client. */
  explain (peer: PeerIdentity | undefined | null): Explanation
  /** What is allowed but probably not meant. At most 20, and a count of the rest. */
  readonly warnings: readonly string[]
  /** Who may call, for humans: one line a rule, at most 50. */
  describe (): string
  /** How many rules and predicates it holds, those of its groups included. */
  readonly size: number
}
