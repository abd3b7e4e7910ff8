import type { Meter } from '@opentelemetry/api'
import type { CredentialSource } from '@peerkit/credentials'
import type { RevocationChecker } from '@peerkit/revocation'
import { AUDIT_KEYS, auditLog } from './audit/audit-log.ts'
import type { AuditLog, AuditLogger, AuditOptions } from './audit/audit-log.ts'
import { countCallersByIssuer } from './callers-by-issuer.ts'
import type { IssuerCallers } from './callers-by-issuer.ts'
import { READINESS_KEYS, watchReadiness } from './expiry/readiness.ts'
import type { ReadinessOptions, ReadyState } from './expiry/readiness.ts'
import { EXPIRY_KEYS, watchExpiry } from './expiry/watch-expiry.ts'
import type { ExpiryOptions } from './expiry/watch-expiry.ts'
import { recordMetrics } from './metrics/record-metrics.ts'
import { checkCredentials, checkKeys } from './option-check.ts'

export interface MonitorOptions {
  /** A pino logger, or one like it. */
  readonly log: AuditLogger
  /** What we present and whom we trust. */
  readonly credentials: CredentialSource
  /** The checker that the server was given beside the credentials' own CRLs. */
  readonly revocation?: RevocationChecker
  /** The audit log, or false for none: the plugins then write their own lines, without a limit. */
  readonly audit?: AuditOptions | false
  /** Metrics: false for none, or a meter. Default: one of the global meter provider, which does nothing without an SDK. */
  readonly meter?: Meter | false
  /** Warnings before certificates and CRLs end, or false for none. */
  readonly expiry?: ExpiryOptions | false
  readonly readiness?: ReadinessOptions
  /** The clock of all of them, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}

export interface Monitor {
  /** Whether this process can still prove who it is and tell who calls, and if not why. Answers at once. */
  ready (): ReadyState
  /** The same for `@fastify/under-pressure`: false where it is not ready. */
  healthCheck (): Promise<boolean>
  /** Who still calls with certificates of which issuer. */
  issuers (): IssuerCallers[]
  /** The audit log, for `flush()`. */
  readonly audit: AuditLog | undefined
  close (): void
}

/** Watches mutual TLS in this process: audit log, metrics, expiry, readiness. Throws MTLS_ERR_MONITOR_OPTION. */
export function startMonitor (options: MonitorOptions): Monitor {
  checkKeys(options, ['log', 'credentials', 'revocation', 'audit', 'meter', 'expiry', 'readiness', 'now'], 'monitor')
  const { log, credentials, revocation, audit = {}, meter, expiry = {}, readiness = {}, now = Date.now } = options
  checkCredentials(credentials, 'credentials')
  // All of them before the first is started: what throws halfway would leave the others running.
  if (audit !== false) checkKeys(audit, AUDIT_KEYS, 'audit')
  if (expiry !== false) checkKeys(expiry, EXPIRY_KEYS, 'expiry')
  checkKeys(readiness, READINESS_KEYS, 'readiness')
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
  const line = audit === false ? undefined : start(() => auditLog(log, { now, ...audit }))
  const state = start(() => watchReadiness({ ...common, ...readiness }))
  const callers = start(countCallersByIssuer)
  if (meter !== false) start(() => recordMetrics({ ...common, readiness: state, ...(meter !== undefined && { meter }) }))
  // Last, so that what it tells at once is heard.
  if (expiry !== false) start(() => watchExpiry({ ...common, ...expiry }))
  return {
    ready: () => state.ready(),
    healthCheck: async () => state.ready().ready,
    issuers: () => callers.list(),
    audit: line,
    close () { closeAll(parts) }
  }
}

/** The last first: the audit log hears the others to the end. */
function closeAll (parts: Array<{ close (): void }>): void {
  for (const part of parts.splice(0).reverse()) part.close()
}
