import type { Meter } from '@opentelemetry/api'
import type { CredentialSource } from '@peerkit/credentials'
import { joinApp } from '@peerkit/events'
import { anything, clock, credentialSource, defineOptions, required } from '@peerkit/identity/internal'
import type { RevocationChecker } from '@peerkit/revocation'
import { auditLog, auditOptions } from './audit/audit-log.ts'
import type { AuditLog, AuditLogger, AuditOptions } from './audit/audit-log.ts'
import { countCallersByIssuer } from './callers-by-issuer.ts'
import type { IssuerCallers } from './callers-by-issuer.ts'
import { MonitorOptionError } from './errors.ts'
import { readinessOptions, watchReadiness } from './expiry/readiness.ts'
import type { ReadinessOptions, ReadyState } from './expiry/readiness.ts'
import { expiryOptions, watchExpiry } from './expiry/watch-expiry.ts'
import type { ExpiryOptions } from './expiry/watch-expiry.ts'
import { recordMetrics } from './metrics/record-metrics.ts'
import { SERVER } from './server-option.ts'

/** Options of {@link startMonitor}. */
export interface MonitorOptions {
  /** A pino logger, or an object with `info`, `warn` and `error`. */
  readonly log: AuditLogger
  /** The credentials of the server: certificate, key, CAs and CRLs. */
  readonly credentials: CredentialSource
  /** The revocation checker of the server, if it has one in addition to the CRLs of the credentials. */
  readonly revocation?: RevocationChecker
  /** Options of the audit log, or false for none. Without it the plugins write their own lines, without a limit. */
  readonly audit?: AuditOptions | false
  /** A meter, or false for no metrics. Default: a meter of the global provider, which does nothing without an SDK. */
  readonly meter?: Meter | false
  /** Options of expiry warnings, or false for none. */
  readonly expiry?: ExpiryOptions | false
  /** Options of readiness. */
  readonly readiness?: ReadinessOptions
  /**
   * The HTTP server of an app (`app.server`): the monitor hears this app only. Default: the whole process. The plugin
   * of `@peerkit/mtls-monitor/fastify` sets it.
   */
  readonly server?: object | undefined
  /** The clock of all parts, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}

/** A running monitor. */
export interface Monitor {
  /**
   * Whether this process can present a valid certificate and verify its clients, and the reasons. Answers from memory.
   */
  ready (): ReadyState
  /** For `@fastify/under-pressure`: resolves with false if the process is not ready. */
  healthCheck (): Promise<boolean>
  /** Connections and requests by the issuer of the client's certificate. */
  issuers (): IssuerCallers[]
  /** The audit log, for `flush()`. Undefined with `audit: false`. */
  readonly audit: AuditLog | undefined
  close (): void
}

const OPTIONS = defineOptions<MonitorOptions>('startMonitor', MonitorOptionError, {
  log: anything,
  credentials: required(credentialSource),
  revocation: anything,
  audit: anything,
  meter: anything,
  expiry: anything,
  readiness: anything,
  server: SERVER,
  now: clock
})

/**
 * Starts the audit log, metrics, expiry warnings and readiness for an app, or for this process.
 *
 * @param options `log` and `credentials` are required
 * @returns the monitor; close it with `close()`
 * @throws MonitorOptionError if an option is missing or wrong
 * @example
 * ```ts
 * const app = Fastify({ logger: true })
 * const monitor = startMonitor({ log: app.log, credentials })
 * console.log(monitor.ready()) // { ready: true, reasons: [], warnings: [] }
 * monitor.close()
 * await app.close()
 * ```
 */
export function startMonitor (options: MonitorOptions): Monitor {
  OPTIONS.check(options)
  const {
    log, credentials, revocation, audit = {}, meter, expiry = {}, readiness = {}, server, now = Date.now
  } = options
  // All options are checked before the first part starts, so that an error leaves nothing running.
  if (audit !== false) auditOptions.check(audit, 'audit')
  if (expiry !== false) expiryOptions.check(expiry, 'expiry')
  readinessOptions.check(readiness, 'readiness')
  const ofApp = server === undefined ? {} : { server }
  const common = { credentials, ...(revocation !== undefined && { revocation }), now }
  const parts: Array<{ close (): void }> = []
  const start = <Part extends { close (): void }>(make: () => Part): Part => {
    try {
      const part = make()
      parts.push(part)
      return part
    } catch (error) {
      closeAll(parts)
      throw error
    }
  }
  // They may be other ones than those of `fastify-mtls`.
  if (server !== undefined) parts.push({ close: joinApp(server, credentials, revocation) })
  const line = audit === false ? undefined : start(() => auditLog(log, { now, ...ofApp, ...audit }))
  const state = start(() => watchReadiness({ ...common, ...readiness }))
  const callers = start(() => countCallersByIssuer(ofApp))
  if (meter !== false) {
    const { thresholds } = expiry === false ? {} : expiry
    const own = { readiness: state, thresholds, ...(meter !== undefined && { meter }) }
    start(() => recordMetrics({ ...common, ...ofApp, ...own }))
  }
  // Last, so that the other parts hear its first warnings.
  if (expiry !== false) start(() => watchExpiry({ ...common, ...ofApp, ...expiry }))
  return {
    ready: () => state.ready(),
    healthCheck: async () => state.ready().ready,
    issuers: () => callers.list(),
    audit: line,
    close () { closeAll(parts) }
  }
}

/** In reverse order, so that the audit log hears the other parts until they are closed. */
function closeAll (parts: Array<{ close (): void }>): void {
  for (const part of parts.splice(0).reverse()) part.close()
}
