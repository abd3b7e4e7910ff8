export type {
  ConnectionEndedMessage, ConnectionIdentifiedMessage, HandshakeReason, HandshakeRefusedMessage
} from '@peerkit/events'
export {
  ForwardedRefusedError, PeerMissingError, PeerNoLongerTrustedError, ServerNotMtlsError, ServerOptionError
} from './errors.ts'
export { default, default as fastifyMtls } from './fastify-mtls.ts'
export type { HttpOptions } from './server/fastify-options.ts'
export { injectAs } from './request/request-peer.ts'
export type { FastifyMtlsOptions, ForwardedOption } from './plugin-options.ts'
export type { Refusal } from './handshake/verify-handshake.ts'
export type { MtlsServerOptions } from './server/server-options.ts'
export { mtlsServerOptions, withMtls } from './server/with-mtls.ts'
export type { MtlsHttp2Options, MtlsHttpsOptions, WithMtlsHttp2Options, WithMtlsOptions } from './server/with-mtls.ts'
