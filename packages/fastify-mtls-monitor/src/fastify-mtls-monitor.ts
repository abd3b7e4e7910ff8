import { startMonitor } from '@peerkit/mtls-monitor'
import type { Monitor, MonitorOptions } from '@peerkit/mtls-monitor'
import { addToApp } from '@peerkit/identity/internal'
import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'

/** Those of `startMonitor`. By default the log, the credentials and the revocation checker are those of the app. */
export type FastifyMtlsMonitorOptions = Omit<MonitorOptions, 'log' | 'credentials'> & Partial<Pick<MonitorOptions, 'log' | 'credentials'>>

declare module 'fastify' {
  interface FastifyMtlsApp {
    /** Readiness, callers by issuer, and the audit log of this process. */
    readonly monitor: Monitor
  }
  interface FastifyInstance {
    /** Everything that the plugins of this suite add to an app. */
    readonly mtls: FastifyMtlsApp
  }
}

type AppSources = Partial<Pick<MonitorOptions, 'credentials' | 'revocation'>>

const plugin: FastifyPluginAsync<FastifyMtlsMonitorOptions> = async (app, options) => {
  const { credentials, revocation } = (app as { readonly mtls?: AppSources }).mtls ?? {}
  const defaults = { log: app.log, ...(credentials !== undefined && { credentials }), ...(revocation !== undefined && { revocation }) }
  const monitor = startMonitor({ ...defaults, ...options } as MonitorOptions)
  addToApp(app, { monitor: () => monitor })
  // When the last request was answered, so that what was told until then has its line.
  app.addHook('onClose', async () => { monitor.close() })
}

/**
 * Audit log, metrics, warnings before certificates end, and readiness of an app under mutual TLS, at `app.mtls.monitor`.
 * They end when the app is closed. Register it once in a process, since the events are those of the whole process; after
 * @peerkit/fastify-mtls, whose credentials it takes.
 *
 * @throws MTLS_ERR_MONITOR_OPTION
 * @example
 * ```ts
 * await app.register(fastifyMtlsMonitor)
 * app.get('/ready', { config: { allowedClients: 'public' } }, async () => app.mtls.monitor.ready())
 * ```
 */
const fastifyMtlsMonitor: FastifyPluginAsync<FastifyMtlsMonitorOptions> = fp(plugin, { fastify: '5.x', name: '@peerkit/fastify-mtls-monitor' })
export default fastifyMtlsMonitor
