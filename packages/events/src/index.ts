// Imported for its check of the Node version. This package otherwise imports only types.
import '@peerkit/identity'
export { isAuditKept, keepAudit } from './audit-marker.ts'
export type { CertificateReason, RefusalDetail, RefusedCertificate } from './certificate-refusal.ts'
export { catalogue, eventNames, type EventDescription } from './catalogue.ts'
export type {
  CredentialsRecoveredMessage, CredentialsRefusedMessage, CredentialsRotatedMessage, CredentialsWarnedMessage,
  ExpiringKind, ExpiringMessage, RevocationFailedMessage, RevocationRefreshedMessage, RevocationSoftPassedMessage
} from './change-messages.ts'
export {
  handshakeChainUnavailable, connectionEnded, connectionIdentified, credentialsRecovered,
  credentialsRefused, credentialsRotated,
  credentialsWaiting, credentialsWarned, expirySoon, forwardedRefused, forwardedStripped, handshakeRefused,
  outboundIdentified, outboundRefused, requestAllowed, requestDenied, requestWouldDeny, revocationFailed,
  revocationRefreshed, revocationSoftPassed, rulesRefused, rulesReloaded, type EventChannel
} from './channels.ts'
export { emitterOf, joinApp, joinEmitter } from './emitter.ts'
export type { EventMessages, EventName } from './event-messages.ts'
export {
  explainHandshakeFailure, handshakeFailures, hintHandshakeFailure, type HandshakeFailure
} from './handshake-failures.ts'
export type {
  ChainUnavailableMessage, ConnectionEndedMessage, ConnectionIdentifiedMessage, ForwardedMessage,
  HandshakeRefusedMessage, RefusalReason
} from './inbound-messages.ts'
export { listen, type EventListeners, type ListenOptions } from './listen.ts'
export { EMITTER, type EventMessage } from './message.ts'
export type { OutboundIdentifiedMessage, OutboundRefusedMessage } from './outbound-messages.ts'
export type {
  NearestRule, RequestJudgedMessage, RequestRefusalReason, RulesRefusedMessage, RulesReloadedMessage
} from './request-messages.ts'
