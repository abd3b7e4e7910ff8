// Imported for its check of the Node version.
import '@peerkit/identity'
export { isAuditKept, keepAudit } from './audit-marker.ts'
export type { RefusalDetail, RefusedCertificate } from './certificate-refusal.ts'
export { finerSteps, reasonOfStep, type CertificateStep } from './certificate-steps.ts'
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
export {
  summarizeEvent, type EventOutcome, type EventSeverity, type EventSummary, type SummarizedName
} from './summarize-event.ts'
export type { EventMessages, EventName } from './event-messages.ts'
export {
  explainHandshakeFailure, handshakeFailures, hintHandshakeFailure, type HandshakeFailure
} from './handshake-failures.ts'
export type {
  ChainUnavailableMessage, ConnectionEndedMessage, ConnectionIdentifiedMessage, ForwardedMessage,
  HandshakeRefusedMessage
} from './inbound-messages.ts'
export { listen, type EventListeners, type ListenOptions } from './listen.ts'
export { EMITTER, type EventMessage } from './message.ts'
export { findVerifyCode, reasonOfVerifyCode, verifyCodes, type VerifyCode } from './openssl-codes.ts'
export type { OutboundIdentifiedMessage, OutboundRefusedMessage } from './outbound-messages.ts'
export {
  isCertificateReason, reasons, type CertificateReason, type CredentialsReason, type ForwardedReason,
  type HandshakeReason, type OutboundReason, type Reason, type ReasonEntry, type ReasonPlace, type ReasonText
} from './reasons.ts'
export type {
  NearestRule, RequestJudgedMessage, RulesRefusedMessage, RulesReloadedMessage
} from './request-messages.ts'
export { requestReasons, type RequestReason } from './request-reasons.ts'
export { findTlsAlert, tlsAlerts, type AlertEntry } from './tls-alerts.ts'
