import { channel } from 'node:diagnostics_channel'
import type { EventMessages, EventName } from './event-messages.ts'

/** A channel of `node:diagnostics_channel` with typed messages. Check `hasSubscribers` before you create a message. */
export interface EventChannel<Message> {
  readonly name: string
  readonly hasSubscribers: boolean
  publish (message: Message): void
}

function open<Name extends EventName> (name: Name): EventChannel<EventMessages[Name]> {
  return channel(name) as unknown as EventChannel<EventMessages[Name]>
}

export const handshakeRefused: EventChannel<EventMessages['peerkit:handshake:refused']> =
  open('peerkit:handshake:refused')
/** This version of Node does not expose the intermediates that clients send. */
export const handshakeChainUnavailable: EventChannel<EventMessages['peerkit:handshake:chain-unavailable']> =
  open('peerkit:handshake:chain-unavailable')
export const connectionIdentified: EventChannel<EventMessages['peerkit:connection:identified']> =
  open('peerkit:connection:identified')
export const connectionEnded: EventChannel<EventMessages['peerkit:connection:ended']> = open('peerkit:connection:ended')
export const forwardedRefused: EventChannel<EventMessages['peerkit:forwarded:refused']> =
  open('peerkit:forwarded:refused')
export const forwardedStripped: EventChannel<EventMessages['peerkit:forwarded:stripped']> =
  open('peerkit:forwarded:stripped')
export const requestAllowed: EventChannel<EventMessages['peerkit:request:allowed']> = open('peerkit:request:allowed')
export const requestDenied: EventChannel<EventMessages['peerkit:request:denied']> = open('peerkit:request:denied')
/** A request that only report mode let through. */
export const requestWouldDeny: EventChannel<EventMessages['peerkit:request:would-deny']> =
  open('peerkit:request:would-deny')
export const rulesReloaded: EventChannel<EventMessages['peerkit:rules:reloaded']> = open('peerkit:rules:reloaded')
export const rulesRefused: EventChannel<EventMessages['peerkit:rules:refused']> = open('peerkit:rules:refused')
export const credentialsRotated: EventChannel<EventMessages['peerkit:credentials:rotated']> =
  open('peerkit:credentials:rotated')
export const credentialsRefused: EventChannel<EventMessages['peerkit:credentials:refused']> =
  open('peerkit:credentials:refused')
export const credentialsRecovered: EventChannel<EventMessages['peerkit:credentials:recovered']> =
  open('peerkit:credentials:recovered')
export const credentialsWaiting: EventChannel<EventMessages['peerkit:credentials:waiting']> =
  open('peerkit:credentials:waiting')
export const credentialsWarned: EventChannel<EventMessages['peerkit:credentials:warned']> =
  open('peerkit:credentials:warned')
export const revocationRefreshed: EventChannel<EventMessages['peerkit:revocation:refreshed']> =
  open('peerkit:revocation:refreshed')
export const revocationFailed: EventChannel<EventMessages['peerkit:revocation:failed']> =
  open('peerkit:revocation:failed')
export const revocationSoftPassed: EventChannel<EventMessages['peerkit:revocation:soft-passed']> =
  open('peerkit:revocation:soft-passed')
export const expirySoon: EventChannel<EventMessages['peerkit:expiry:soon']> = open('peerkit:expiry:soon')
export const outboundIdentified: EventChannel<EventMessages['peerkit:outbound:identified']> =
  open('peerkit:outbound:identified')
export const outboundRefused: EventChannel<EventMessages['peerkit:outbound:refused']> = open('peerkit:outbound:refused')
