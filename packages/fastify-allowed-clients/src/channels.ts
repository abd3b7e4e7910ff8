import { channel } from 'node:diagnostics_channel'
import type { Channel } from 'node:diagnostics_channel'
import type { PeerIdentity } from '@peerkit/identity'
import type { NearestRule, RequestRefusalReason } from './audience.ts'

/** A request was judged: a message of `peerkit:request:allowed`, `…:denied` and `…:would-deny`. Never sent to the client. */
export interface RequestJudgedMessage {
  readonly v: 1
  /** Milliseconds since the epoch. */
  readonly time: number
  /** Undefined where the request is allowed. */
  readonly reason: RequestRefusalReason | undefined
  /** Where the deciding rules were declared: `config.allowedClients`, `scope /admin`, `rules`, … */
  readonly rules: string | undefined
  /** Of an allowed request, the index of the rule that allows it, and the group's name where that rule names one. */
  readonly rule: number | undefined
  readonly group: string | undefined
  /** The rule that came closest to allow. */
  readonly nearest: NearestRule | undefined
  readonly peer: PeerIdentity | null
  readonly requestId: string
  readonly method: string
  /** The path that was asked for, without the query. */
  readonly path: string
  /** The route's own pattern; undefined where no route matched. */
  readonly route: string | undefined
  readonly remoteAddress: string | undefined
}

/** A message of `peerkit:rules:reloaded`. */
export interface RulesReloadedMessage {
  readonly v: 1
  readonly time: number
  readonly file: string
  /** Counts the accepted files, from 1. */
  readonly generation: number
}

/** A message of `peerkit:rules:refused`: the rules of `generation` stay in force. */
export interface RulesRefusedMessage extends RulesReloadedMessage {
  readonly error: Error
}

export const requestAllowed: Channel = channel('peerkit:request:allowed')
export const requestDenied: Channel = channel('peerkit:request:denied')
/** Report mode: what would have been denied. */
export const requestWouldDeny: Channel = channel('peerkit:request:would-deny')
export const rulesReloaded: Channel = channel('peerkit:rules:reloaded')
export const rulesRefused: Channel = channel('peerkit:rules:refused')
