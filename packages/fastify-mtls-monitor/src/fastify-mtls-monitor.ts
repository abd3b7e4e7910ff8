import { startMonitor } from '@peerkit/mtls-monitor'
import type { Monitor, MonitorOptions } from '@peerkit/mtls-monitor'
import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'

/** Those of `startMonitor`; the log is the app's own unless another is given. */
export type FastifyMtlsMonitorOptions = Omit<MonitorOptions, 'log'> & Partial<Pick<MonitorOptions, 'log'>>

declare module 'fastify' {
  interface FastifyInstance {
    /** Readiness, callers by issuer, and the audit log of this process. */
    readonly mtlsMonitor: Monitor
  }
}

const plugin: FastifyPluginAsync<FastifyMtlsMonitorOptions> = async (app, options) => {
  const { log = app.log, ...others } = options
  const monitor = startMonitor({ ...others, log })
  app.decorate('mtlsMonitor', monitor)
  // When the last request was answered, so that what was told until then has its line.
  app.addHook('onClose', async () => { monitor.close() })
}

/**
 * Audit log, metrics, warnings before certificates end, and readiness for an app under mutual TLS, ended when the app is closed. Register it once in a process: the events are those
 * of the whole process. Throws MTLS_ERR_MONITOR_OPTION.
 */
const fastifyMtlsMonitor: FastifyPluginAsync<FastifyMtlsMonitorOptions> = fp(plugin, { fastify: '5.x', name: '@peerkit/fastify-mtls-monitor' })
export default fastifyMtlsMonitor
