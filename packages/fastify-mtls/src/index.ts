export type { ConnectionEndedMessage, ConnectionIdentifiedMessage, HandshakeRefusedMessage } from './channels.ts'
export {
  MTLS_ERR_PEER_FORWARDING_REFUSED, MTLS_ERR_PEER_MISSING, MTLS_ERR_PEER_NO_LONGER_TRUSTED, MTLS_ERR_SERVER_NOT_MTLS, MTLS_ERR_SERVER_OPTION
} from './errors.ts'
export { default, default as fastifyMtls } from './fastify-mtls.ts'
export type { FastifyMtlsOptions } from './fastify-mtls.ts'
export { injectAs } from './inject-as.ts'
export { mtlsServerOptions } from './mtls-server-options.ts'
export type { MtlsHttp2Options, MtlsHttpsOptions, MtlsServerSettings } from './mtls-server-options.ts'
export type { Refusal, RefusalReason } from './refusal.ts'
