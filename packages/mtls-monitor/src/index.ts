export { auditLog, type AuditLog, type AuditLogger, type AuditOptions } from './audit/audit-log.ts'
export type { AuditLine, Outcome } from './audit/audit-line.ts'
export {
  countCallersByIssuer, type CallersByIssuer, type CallersOptions, type IssuerCallers
} from './callers-by-issuer.ts'
export { MonitorOptionError } from './errors.ts'
export {
  watchReadiness, type NotReadyReason, type Readiness, type WatchReadinessOptions, type ReadinessOptions,
  type ReadyState
} from './expiry/readiness.ts'
export type { Threshold } from './expiry/thresholds.ts'
export { watchExpiry, type WatchExpiryOptions, type ExpiryOptions, type ExpiryWatch } from './expiry/watch-expiry.ts'
export { metricCatalogue, type MetricDescription, type MetricName } from './metrics/metric-catalogue.ts'
export { recordMetrics, type MetricsOptions } from './metrics/record-metrics.ts'
export { startMonitor, type Monitor, type MonitorOptions } from './start-monitor.ts'
