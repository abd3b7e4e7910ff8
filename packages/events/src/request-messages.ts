import type { PeerIdentity } from '@peerkit/identity'
import type { EventMessage } from './message.ts'

/** Why a request was refused: what the rules say (`RefusalReason` of `@peerkit/rules`), or that nothing says who may call, or that reloaded rules no longer allow an open WebSocket's client. */
export type RequestRefusalReason = 'no_identity' | 'no_match' | 'incomplete_identity' | 'predicate_refused' | 'predicate_failed' | 'no_rule' | 'rules_changed'

/** The rule that came closest to allow. */
export interface NearestRule {
  /** Where it stands, for example `config.allowedClients[1]`. */
  readonly path: string
  /** The keys that hold. */
  readonly matched: readonly string[]
  /** Those that do not. `isClaim`: what was found is what the certificate says and nobody vouches for. */
  readonly failed: readonly {
    readonly key: string
    readonly expected: readonly string[]
    readonly found: readonly string[] | undefined
    readonly note: string | undefined
    readonly isClaim?: boolean
  }[]
}

/** `peerkit:request:allowed`, `peerkit:request:denied` and `peerkit:request:would-deny`. Never sent to the client. */
export interface RequestJudgedMessage extends EventMessage {
  /** Undefined where the request is allowed. */
  readonly reason: RequestRefusalReason | undefined
  /** Where the deciding rules were declared: `config.allowedClients`, `scope /admin`, `rules`, … */
  readonly rules: string | undefined
  /** Of an allowed request, the index of the rule that allows it, and the group's name where that rule names one. */
  readonly rule: number | undefined
  readonly group: string | undefined
  readonly nearest: NearestRule | undefined
  readonly peer: PeerIdentity | null
  readonly requestId: string
  readonly method: string
  /** The path that was asked for, without the query. */
  readonly path: string
  /** The route's own pattern; undefined where no route matched. */
  readonly route: string | undefined
  readonly remoteAddress: string | undefined
  /** Milliseconds that the verdict took; undefined where it was not measured. */
  readonly durationMs?: number | undefined
  /** Whether the verdict was cached by an earlier request of the same client; undefined where it was not looked at. */
  readonly cached?: boolean | undefined
}

/** `peerkit:rules:reloaded` */
export interface RulesReloadedMessage extends EventMessage {
  readonly file: string
  /** Counts the accepted files, from 1. */
  readonly generation: number
}

/** `peerkit:rules:refused`: the rules of `generation` stay in force. */
export interface RulesRefusedMessage extends RulesReloadedMessage {
  readonly error: Error
}
