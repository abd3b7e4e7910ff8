import { channel } from 'node:diagnostics_channel'
import type { Channel } from 'node:diagnostics_channel'
import type { PeerIdentity } from '@peerkit/identity'

/** A request was judged. Never sent to the client. */
export interface RequestJudgedMessage {
  readonly v: 1
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly reason: string | undefined
  /** Where the deciding rules were declared. */
  readonly origin: string | undefined
  readonly peer: PeerIdentity | null
  readonly method: string
  readonly url: string
  /** The route's own pattern; undefined where no route matched. */
  readonly route: string | undefined
  readonly remoteAddress: string | undefined
}

export const requestAllowed: Channel = channel('peerkit:request:allowed')
export const requestDenied: Channel = channel('peerkit:request:denied')
/** Report mode: what would have been denied. */
export const requestWouldDeny: Channel = channel('peerkit:request:would-deny')
