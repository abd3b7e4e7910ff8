import { metrics } from '@opentelemetry/api'
import type { BatchObservableCallback, Meter } from '@opentelemetry/api'
import type { CredentialSource } from '@peerkit/credentials'
import { listen } from '@peerkit/events'
import { anything, checkOption, clock, credentialSource, defineOptions, methods } from '@peerkit/identity/internal'
import type { RevocationChecker } from '@peerkit/revocation'
import { MonitorOptionError } from '../errors.ts'
import { listEndings } from '../expiry/own-material.ts'
import type { Readiness } from '../expiry/readiness.ts'
import { DEFAULT_THRESHOLDS, compileThresholds } from '../expiry/thresholds.ts'
import type { Threshold } from '../expiry/thresholds.ts'
import { SERVER } from '../server-option.ts'
import { recordChanges, recordConnections, recordRequests } from './event-metrics.ts'
import { NO_AUTHORITY } from './labels.ts'
import { Instruments } from './metric-catalogue.ts'
import { SourceGauges } from './source-gauges.ts'
import { startAtZero } from './zero-series.ts'

/** Options of {@link recordMetrics}. */
export interface MetricsOptions {
  /** Default: a meter of the global provider, which does nothing without an SDK. Set up the SDK before. */
  readonly meter?: Meter
  /** The source of the own chain, the trusted CAs and their CRLs, for `peerkit.expiry.remaining`. */
  readonly credentials?: CredentialSource
  /** A revocation checker whose CRLs are included. */
  readonly revocation?: RevocationChecker
  /** The source of `peerkit.ready`. */
  readonly readiness?: Readiness
  /** The thresholds of `watchExpiry`, so that their counters start at 0. Default: the default ones. */
  readonly thresholds?: readonly Threshold[] | undefined
  /** The clock, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
  /** The HTTP server of an app (`app.server`), to record only what concerns this app. Default: the whole process. */
  readonly server?: object | undefined
}

const MAX_NAMES = 100
const METER = methods(['createCounter', 'createHistogram', 'createObservableGauge', 'addBatchObservableCallback'])
const OPTIONS = defineOptions<MetricsOptions>('metrics', MonitorOptionError, {
  meter: anything,
  credentials: credentialSource,
  revocation: anything,
  readiness: anything,
  thresholds: anything,
  server: SERVER,
  now: clock
})

/**
 * Records metrics of an app, or of this process, with the OpenTelemetry API. docs/metrics.md lists the metrics.
 * Counters start at 0 for the label values that are known then.
 *
 * @param options all optional
 * @returns an object with `close()`
 * @throws MonitorOptionError if an option is wrong
 * @example
 * ```ts
 * const readiness = watchReadiness({ credentials })
 * const metrics = recordMetrics({ credentials, readiness })
 * metrics.close()
 * readiness.close()
 * ```
 */
export function recordMetrics (options: MetricsOptions = {}): { close (): void } {
  OPTIONS.check(options, 'metrics')
  const { meter = metrics.getMeter('@peerkit/mtls-monitor'), server } = options
  checkOption(meter, METER, 'meter', MonitorOptionError)
  const { credentials, thresholds = DEFAULT_THRESHOLDS } = options
  compileThresholds(thresholds)
  const instruments = new Instruments(meter)
  const stop = listen({
    ...recordConnections(instruments),
    ...recordRequests(instruments),
    ...recordChanges(instruments)
  }, { server })
  const zero = (): void => { startAtZero(instruments, { credentials, thresholds }) }
  zero()
  // New credentials may have new authorities.
  const unsubscribe = credentials?.subscribe(zero)
  const forget = observe(meter, instruments, options)
  return {
    close () {
      stop()
      unsubscribe?.()
      forget()
    }
  }
}

function observe (
  meter: Meter,
  instruments: Instruments,
  { credentials, revocation, readiness, now = Date.now }: MetricsOptions
): () => void {
  const remaining = instruments.gauge('peerkit.expiry.remaining')
  const startTime = instruments.gauge('peerkit.credentials.start_time')
  const generation = instruments.gauge('peerkit.credentials.generation')
  const ready = instruments.gauge('peerkit.ready')
  const source = new SourceGauges(instruments)
  const gauges = [remaining, startTime, generation, ready, ...source.all]
  const take: BatchObservableCallback = (result) => {
    if (credentials !== undefined) {
      const { identity: { notBefore = 0 }, generation: number } = credentials.current
      result.observe(startTime, notBefore / 1000)
      result.observe(generation, number)
      source.observe(result, credentials, now())
    }
    if (readiness !== undefined) result.observe(ready, readiness.ready().ready ? 1 : 0)
    for (const { left, what, name, authority } of listRemaining(credentials, revocation, now())) {
      result.observe(remaining, left / 1000, {
        'peerkit.kind': what,
        'peerkit.name': name,
        'peerkit.authority': authority
      })
    }
  }
  meter.addBatchObservableCallback(take, gauges)
  return () => { meter.removeBatchObservableCallback(take, gauges) }
}

interface Remaining { readonly left: number, readonly what: string, readonly name: string, readonly authority: string }

/** For several with one name in one authority: the one that expires first. The list is bounded, the soonest first. */
function listRemaining (
  credentials: CredentialSource | undefined, revocation: RevocationChecker | undefined, now: number
): readonly Remaining[] {
  const first = new Map<string, Remaining>()
  for (const { what, name, authority = NO_AUTHORITY, end } of listEndings(credentials, revocation)) {
    const key = `${what} ${authority} ${name}`
    const left = end - now
    if (left < (first.get(key)?.left ?? Infinity)) first.set(key, { left, what, name: name.slice(0, 200), authority })
  }
  return [...first.values()].sort((a, b) => a.left - b.left).slice(0, MAX_NAMES)
}
