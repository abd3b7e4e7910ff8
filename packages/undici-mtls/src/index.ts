// First, so that its check of the Node version comes before undici, which fails on an old Node.
import '@peerkit/identity'
export type { MtlsAgentOptions, OriginOptions, PassedOptions, ProxyOptions } from './agent-options.ts'
export type { AllowedServers } from './connect/server-rules.ts'
export { retryErrorCodes } from './dispatch/compose.ts'
export { getServerIdentity } from './dispatch/fetch.ts'
export type { AgentFetch } from './dispatch/fetch.ts'
export {
  OutboundClientCertificateRefusedError, OutboundCredentialsExpiredError, OutboundError, OutboundOptionError,
  OutboundOriginError, OutboundServerExpiredError, OutboundServerRevokedError, OutboundServerUntrustedError,
  OutboundUnreachableError, OutboundWrongServerError
} from './errors.ts'
export type {
  OutboundReason, ServerCertificateError, ServerRefusal, TlsAlert, UnreachableReason, WrongServer
} from './errors.ts'
export { MtlsAgent } from './mtls-agent.ts'
export { readOrigin } from './pools/read-origin.ts'
export type { Resolve, ResolveQuestion } from './pools/resolve-option.ts'
