// First, so that its check of the Node version comes before undici, which fails on an old Node.
import '@peerkit/undici-mtls'
export { ServicesNotReadyError, ServicesOptionError, ServicesTimeoutError } from './errors.ts'
export { default, default as fastifyMtlsClient } from './fastify-mtls-client.ts'
export type { FastifyMtlsClientOptions, MtlsServices, Services } from './fastify-mtls-client.ts'
export type { CallOptions, Service } from './service.ts'
export type { ServiceOptions, ServiceQuestion, ServiceResolver } from './service-options.ts'
