export { default, default as fastifyMtlsMonitor } from './fastify-mtls-monitor.ts'
export type { FastifyMtlsMonitorOptions } from './fastify-mtls-monitor.ts'
