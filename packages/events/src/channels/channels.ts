import { channel } from 'node:diagnostics_channel'
import type {
  ChainUnavailableMessage, ConnectionEndedMessage, ConnectionIdentifiedMessage, ForwardedMessage,
  HandshakeRefusedMessage, OutboundIdentifiedMessage, OutboundRefusedMessage, RequestJudgedMessage
} from '../messages/peer-messages.ts'
import type {
  CredentialsRecoveredMessage, CredentialsRefusedMessage, CredentialsRotatedMessage, CredentialsWarnedMessage,
  ExpiringMessage, RevocationFailedMessage, RevocationRefreshedMessage, RevocationSoftPassedMessage,
  RulesRefusedMessage, RulesReloadedMessage
} from '../messages/service-messages.ts'

/** Every channel with the type of its messages. */
export interface EventMessages {
  'peerkit:handshake:refused': HandshakeRefusedMessage
  'peerkit:handshake:chain-unavailable': ChainUnavailableMessage
  'peerkit:connection:identified': ConnectionIdentifiedMessage
  'peerkit:connection:ended': ConnectionEndedMessage
  'peerkit:forwarded:refused': ForwardedMessage
  'peerkit:forwarded:stripped': ForwardedMessage
  'peerkit:request:allowed': RequestJudgedMessage
  'peerkit:request:denied': RequestJudgedMessage
  'peerkit:request:would-deny': RequestJudgedMessage
  'peerkit:rules:reloaded': RulesReloadedMessage
  'peerkit:rules:refused': RulesRefusedMessage
  'peerkit:credentials:rotated': CredentialsRotatedMessage
  'peerkit:credentials:refused': CredentialsRefusedMessage
  'peerkit:credentials:recovered': CredentialsRecoveredMessage
  'peerkit:credentials:waiting': CredentialsRefusedMessage
  'peerkit:credentials:warned': CredentialsWarnedMessage
  'peerkit:revocation:refreshed': RevocationRefreshedMessage
  'peerkit:revocation:failed': RevocationFailedMessage
  'peerkit:revocation:soft-passed': RevocationSoftPassedMessage
  'peerkit:expiry:soon': ExpiringMessage
  'peerkit:outbound:identified': OutboundIdentifiedMessage
  'peerkit:outbound:refused': OutboundRefusedMessage
}

/** The name of a channel. */
export type EventName = keyof EventMessages

/** A channel of `node:diagnostics_channel` with typed messages. Check `hasSubscribers` before you create a message. */
export interface EventChannel<Message> {
  readonly name: string
  readonly hasSubscribers: boolean
  publish (message: Message): void
}

type Channel<Name extends EventName> = EventChannel<EventMessages[Name]>

function open<Name extends EventName> (name: Name): Channel<Name> {
  return channel(name) as unknown as Channel<Name>
}

export const handshakeRefused: Channel<'peerkit:handshake:refused'> = open('peerkit:handshake:refused')
/** This version of Node does not expose the intermediates that clients send. */
export const handshakeChainUnavailable: Channel<'peerkit:handshake:chain-unavailable'> =
  open('peerkit:handshake:chain-unavailable')
export const connectionIdentified: Channel<'peerkit:connection:identified'> = open('peerkit:connection:identified')
export const connectionEnded: Channel<'peerkit:connection:ended'> = open('peerkit:connection:ended')
export const forwardedRefused: Channel<'peerkit:forwarded:refused'> = open('peerkit:forwarded:refused')
export const forwardedStripped: Channel<'peerkit:forwarded:stripped'> = open('peerkit:forwarded:stripped')
export const requestAllowed: Channel<'peerkit:request:allowed'> = open('peerkit:request:allowed')
export const requestDenied: Channel<'peerkit:request:denied'> = open('peerkit:request:denied')
/** A request that only report mode let through. */
export const requestWouldDeny: Channel<'peerkit:request:would-deny'> = open('peerkit:request:would-deny')
export const rulesReloaded: Channel<'peerkit:rules:reloaded'> = open('peerkit:rules:reloaded')
export const rulesRefused: Channel<'peerkit:rules:refused'> = open('peerkit:rules:refused')
export const credentialsRotated: Channel<'peerkit:credentials:rotated'> = open('peerkit:credentials:rotated')
export const credentialsRefused: Channel<'peerkit:credentials:refused'> = open('peerkit:credentials:refused')
export const credentialsRecovered: Channel<'peerkit:credentials:recovered'> = open('peerkit:credentials:recovered')
export const credentialsWaiting: Channel<'peerkit:credentials:waiting'> = open('peerkit:credentials:waiting')
export const credentialsWarned: Channel<'peerkit:credentials:warned'> = open('peerkit:credentials:warned')
export const revocationRefreshed: Channel<'peerkit:revocation:refreshed'> = open('peerkit:revocation:refreshed')
export const revocationFailed: Channel<'peerkit:revocation:failed'> = open('peerkit:revocation:failed')
export const revocationSoftPassed: Channel<'peerkit:revocation:soft-passed'> = open('peerkit:revocation:soft-passed')
export const expirySoon: Channel<'peerkit:expiry:soon'> = open('peerkit:expiry:soon')
export const outboundIdentified: Channel<'peerkit:outbound:identified'> = open('peerkit:outbound:identified')
export const outboundRefused: Channel<'peerkit:outbound:refused'> = open('peerkit:outbound:refused')
