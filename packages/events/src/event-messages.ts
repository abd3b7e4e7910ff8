import type {
  CredentialsRecoveredMessage, CredentialsRefusedMessage, CredentialsRotatedMessage, CredentialsWarnedMessage,
  ExpiringMessage, RevocationFailedMessage, RevocationRefreshedMessage, RevocationSoftPassedMessage
} from './change-messages.ts'
import type {
  ChainUnavailableMessage, ConnectionEndedMessage, ConnectionIdentifiedMessage, ForwardedMessage,
  HandshakeRefusedMessage
} from './inbound-messages.ts'
import type { OutboundIdentifiedMessage, OutboundRefusedMessage } from './outbound-messages.ts'
import type { RequestJudgedMessage, RulesRefusedMessage, RulesReloadedMessage } from './request-messages.ts'

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
