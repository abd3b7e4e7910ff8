// Imported for its check of the Node version.
import '@peerkit/identity'

export { isAuditKept, keepAudit } from './channels/audit-marker.ts'
export {
  connectionEnded, connectionIdentified, credentialsRecovered, credentialsRefused, credentialsRotated,
  credentialsWaiting, credentialsWarned, expirySoon, forwardedRefused, forwardedStripped, handshakeChainUnavailable,
  handshakeRefused, outboundIdentified, outboundRefused, requestAllowed, requestDenied, requestWouldDeny,
  revocationFailed, revocationRefreshed, revocationSoftPassed, rulesRefused, rulesReloaded, type EventChannel,
  type EventMessages, type EventName
} from './channels/channels.ts'
export { EMITTER, emitterOf, joinApp, joinEmitter, type EventMessage } from './channels/emitter.ts'
export { listen, type EventListeners, type ListenOptions } from './channels/listen.ts'

export { catalogue, eventNames, type EventDescription } from './messages/catalogue.ts'
export type {
  ChainUnavailableMessage, ConnectionEndedMessage, ConnectionIdentifiedMessage, ForwardedMessage,
  HandshakeRefusedMessage, NearestRule, OutboundIdentifiedMessage, OutboundRefusedMessage, RequestJudgedMessage,
  RequestValueFound
} from './messages/peer-messages.ts'
export type {
  CredentialsRecoveredMessage, CredentialsRefusedMessage, CredentialsRotatedMessage, CredentialsWarnedMessage,
  ExpiringKind, ExpiringMessage, RevocationFailedMessage, RevocationRefreshedMessage, RevocationSoftPassedMessage,
  RulesRefusedMessage, RulesReloadedMessage
} from './messages/service-messages.ts'
export {
  summarizeEvent, summarizedNames, type EventOutcome, type EventSeverity, type EventSummary, type SummarizedName
} from './messages/summarize-event.ts'

export {
  finerSteps, reasonOfStep, type CertificateStep, type RefusalDetail, type RefusedCertificate
} from './reasons/certificate-refusal.ts'
export {
  explainHandshakeFailure, handshakeFailures, hintHandshakeFailure, type HandshakeFailure
} from './reasons/handshake-failures.ts'
export { findVerifyCode, reasonOfVerifyCode, verifyCodes, type VerifyCode } from './reasons/openssl-codes.ts'
export {
  isCertificateReason, reasons, requestReasons, type CertificateReason, type CredentialsReason, type ForwardedReason,
  type HandshakeReason, type OutboundReason, type Reason, type ReasonEntry, type ReasonPlace, type ReasonText,
  type RequestReason
} from './reasons/reasons.ts'
export { findTlsAlert, tlsAlerts, type AlertEntry } from './reasons/tls-alerts.ts'
