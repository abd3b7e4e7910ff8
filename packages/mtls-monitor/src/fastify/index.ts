import { addToApp } from '@peerkit/identity/internal'
import type { FastifyPluginAsync } from 'fastify'
import fp from 'fastify-plugin'
import { MonitorOptionError } from '../errors.ts'
import { startMonitor } from '../start-monitor.ts'
import type { Monitor, MonitorOptions } from '../start-monitor.ts'

/** The options of `startMonitor` but `server`. `log`, `credentials` and `revocation` default to those of the app. */
export type FastifyMtlsMonitorOptions =
  Omit<MonitorOptions, 'log' | 'credentials' | 'server'> & Partial<Pick<MonitorOptions, 'log' | 'credentials'>>

declare module 'fastify' {
  interface FastifyMtlsApp {
    /** The monitor of this app: readiness, callers by issuer, audit log. */
    readonly monitor: Monitor
  }
  interface FastifyInstance {
    /** What the plugins of this suite add to the app. */
    readonly mtls: FastifyMtlsApp
  }
}

type AppSources = Partial<Pick<MonitorOptions, 'credentials' | 'revocation'>>

const plugin: FastifyPluginAsync<FastifyMtlsMonitorOptions> = async (app, options) => {
  const { credentials, revocation } = (app as { readonly mtls?: AppSources }).mtls ?? {}
  const defaults = {
    log: app.log,
    ...(credentials !== undefined && { credentials }),
    ...(revocation !== undefined && { revocation })
  }
  if ('server' in options) throw new MonitorOptionError('found server; expected none, since it is that of the app')
  const monitor = startMonitor({ ...defaults, ...options, server: app.server } as MonitorOptions)
  addToApp(app, { monitor: () => monitor })
  // In onClose, so that the last requests still have their lines.
  app.addHook('onClose', async () => { monitor.close() })
}

/**
 * Fastify plugin: audit log, metrics, expiry warnings and readiness for an app with mutual TLS.
 *
 * The monitor is `app.mtls.monitor`. It hears this app and no other one in the process, and is closed with the app. If
 * it is registered after `@peerkit/fastify-mtls`, it uses the credentials of the app.
 *
 * @throws MonitorOptionError if an option is missing or wrong
 * @example
 * ```ts
 * const app = Fastify(withMtls(credentials, { mtls: { clientCertificate: 'optional' } }))
 * await app.register(fastifyMtls)
 * await app.register(fastifyMtlsMonitor)
 * app.get('/ready', { config: { clientCertificate: 'optional' } }, async () => app.mtls.monitor.ready())
 * await app.close()
 * ```
 */
export const fastifyMtlsMonitor: FastifyPluginAsync<FastifyMtlsMonitorOptions> = fp(plugin, {
  fastify: '5.x',
  name: '@peerkit/mtls-monitor/fastify'
})
export default fastifyMtlsMonitor
