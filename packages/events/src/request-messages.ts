import type { PeerIdentity } from '@peerkit/identity'
import type { EventMessage } from './message.ts'
import type { RequestReason } from './request-reasons.ts'

/** The rule with the fewest failed conditions. */
export interface NearestRule {
  /** Where the rule is declared, for example `config.allowedClients[1]`. */
  readonly path: string
  /** The keys that matched. */
  readonly matched: readonly string[]
  /** The keys that did not match. `isClaim`: `found` is a claim of the certificate that no authority vouches for. */
  readonly failed: readonly {
    readonly key: string
    readonly expected: readonly string[]
    readonly found: readonly string[] | undefined
    readonly note: string | undefined
    readonly isClaim?: boolean
  }[]
}

/**
 * `peerkit:request:allowed`, `peerkit:request:denied` and `peerkit:request:would-deny`. Never send it to the client.
 */
export interface RequestJudgedMessage extends EventMessage {
  /** Undefined if the request is allowed. */
  readonly reason: RequestReason | undefined
  /** Where the rules that decided are declared: `config.allowedClients`, `scope /admin`, `rules`, … */
  readonly rules: string | undefined
  /** For an allowed request: the index of the rule that allowed it, and the group that the rule names. */
  readonly rule: number | undefined
  readonly group: string | undefined
  readonly nearest: NearestRule | undefined
  readonly peer: PeerIdentity | null
  readonly requestId: string
  readonly method: string
  /** The path of the request, without the query. */
  readonly path: string
  /** The pattern of the route. Undefined if no route matched. */
  readonly route: string | undefined
  readonly remoteAddress: string | undefined
  /** Milliseconds that the decision took. Undefined if it was not measured. */
  readonly durationMs?: number | undefined
  /** Whether the decision came from the cache. Undefined if the cache was not asked. */
  readonly cached?: boolean | undefined
}

/** `peerkit:rules:reloaded` */
export interface RulesReloadedMessage extends EventMessage {
  readonly file: string
  /** The number of the accepted file, counted from 1. */
  readonly generation: number
}

/** `peerkit:rules:refused`: the rules with the number `generation` stay in force. */
export interface RulesRefusedMessage extends RulesReloadedMessage {
  readonly error: Error
}
