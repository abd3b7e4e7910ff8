// First, so that its check of the Node version comes before undici, which fails on an old Node.
import '@peerkit/identity'
export type { MtlsAgentOptions, PassedOptions } from './agent-options.ts'
export {
  MTLS_ERR_OUTBOUND_CLIENT_CERTIFICATE_REFUSED, MTLS_ERR_OUTBOUND_CREDENTIALS_EXPIRED, MTLS_ERR_OUTBOUND_OPTION,
  MTLS_ERR_OUTBOUND_ORIGIN, MTLS_ERR_OUTBOUND_SERVER_EXPIRED, MTLS_ERR_OUTBOUND_SERVER_REVOKED,
  MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED, MTLS_ERR_OUTBOUND_UNREACHABLE, MTLS_ERR_OUTBOUND_WRONG_SERVER
} from './errors.ts'
export type { OutboundErrorFacts, OutboundReason, TlsAlert } from './errors.ts'
export { MtlsAgent } from './mtls-agent.ts'
export { retryErrorCodes } from './native-error.ts'
export { readOrigin } from './origin-policy.ts'
export type { OriginOptions } from './origin-options.ts'
export type { AllowedServers } from './server-rules.ts'
export type { ProxyOptions } from './proxy-options.ts'
export { getServerIdentity } from './server-identity.ts'
