import type { Counter, Histogram, Meter, ObservableGauge } from '@opentelemetry/api'

/**
 * Describes a metric. The Prometheus exporter replaces dots by underscores and adds `_total` to counters. The
 * OpenTelemetry Collector also adds the unit.
 */
export interface MetricDescription {
  readonly kind: 'counter' | 'histogram' | 'gauge'
  /** The unit, in UCUM as in the OpenTelemetry conventions. */
  readonly unit: string
  readonly about: string
  /** Every attribute with its possible values. */
  readonly attributes: Readonly<Record<string, string>>
}

export type MetricName =
  | 'peerkit.handshakes'
  | 'peerkit.handshake.judgement.duration'
  | 'peerkit.connections.ended'
  | 'peerkit.connections.by_issuer'
  | 'peerkit.requests'
  | 'peerkit.requests.by_issuer'
  | 'peerkit.verdict.duration'
  | 'peerkit.verdicts'
  | 'peerkit.forwarded.rejected'
  | 'peerkit.rules.reloads'
  | 'peerkit.credentials.rotations'
  | 'peerkit.credentials.start_time'
  | 'peerkit.credentials.generation'
  | 'peerkit.ready'
  | 'peerkit.source.failing'
  | 'peerkit.renewal.age'
  | 'peerkit.renewal.next'
  | 'peerkit.renewal.failures'
  | 'peerkit.renewal.failing_for'
  | 'peerkit.renewal.store_failing'
  | 'peerkit.bundle.age'
  | 'peerkit.bundle.failing'
  | 'peerkit.bundle.sequence'
  | 'peerkit.bundle.next_refresh'
  | 'peerkit.expiry.remaining'
  | 'peerkit.expiry.warnings'
  | 'peerkit.revocation.refreshes'
  | 'peerkit.revocation.soft_passes'
  | 'peerkit.outbound.connections'

const RESULT = '`accepted`, `refused`'
const AUTHORITY = 'authority that vouches for the client, at most 50, then `other`; `none` without an identified client'
const BUNDLE = {
  'peerkit.authority': 'authority of the bundle: the trust domain; at most 300, those with problems first'
}
const RENEWAL = { 'peerkit.issuer': 'who is asked: the name of the issuer, or `none` if it has none' }
const ISSUER = 'issuer of the leaf, at most 50, then `other`'

/** Describes every metric, in the order of docs/metrics.md. */
export const metricCatalogue: Readonly<Record<MetricName, MetricDescription>> = Object.freeze({
  'peerkit.handshakes': {
    kind: 'counter',
    unit: '{handshake}',
    about: 'Handshakes with clients by result',
    attributes: {
      'peerkit.result': RESULT,
      'peerkit.resumed': 'whether a session was resumed',
      'peerkit.authority': AUTHORITY,
      'error.type': 'for refused ones: the reason (docs/reasons.md)'
    }
  },
  'peerkit.handshake.judgement.duration': {
    kind: 'histogram',
    unit: 's',
    about: 'Time to verify a client certificate: path, validity, revocation',
    attributes: { 'peerkit.result': RESULT }
  },
  'peerkit.connections.ended': {
    kind: 'counter',
    unit: '{connection}',
    about: 'Open connections whose certificate was no longer accepted',
    attributes: { 'error.type': 'the reason', 'peerkit.authority': AUTHORITY }
  },
  'peerkit.connections.by_issuer': {
    kind: 'counter',
    unit: '{connection}',
    about: 'Accepted connections by issuer of the client certificate',
    attributes: { 'peerkit.issuer': ISSUER, 'peerkit.anchor': 'root of its path, or `unknown`' }
  },
  'peerkit.requests': {
    kind: 'counter',
    unit: '{request}',
    about: 'Requests by decision',
    attributes: {
      'peerkit.decision': '`allowed`, `denied`, `would_deny`',
      'peerkit.group': 'group that allowed the request, at most 100, then `other`; `none` without a group',
      'peerkit.authority': AUTHORITY,
      'error.type': 'for denied ones: the reason'
    }
  },
  'peerkit.requests.by_issuer': {
    kind: 'counter',
    unit: '{request}',
    about: 'Allowed requests by issuer of the client certificate',
    attributes: { 'peerkit.issuer': ISSUER, 'peerkit.anchor': 'root of its path, or `unknown`' }
  },
  'peerkit.verdict.duration': {
    kind: 'histogram',
    unit: 's',
    about: 'Time of an authorization decision that was not cached',
    attributes: { 'peerkit.decision': '`allowed`, `denied`' }
  },
  'peerkit.verdicts': {
    kind: 'counter',
    unit: '{verdict}',
    about: 'Authorization decisions by use of the cache',
    attributes: { 'peerkit.cache': '`hit`, `miss`' }
  },
  'peerkit.forwarded.rejected': {
    kind: 'counter',
    unit: '{request}',
    about: 'Forwarded certificates that were refused or removed',
    attributes: { 'peerkit.result': '`refused`, `stripped`', 'error.type': 'the reason, at most 50' }
  },
  'peerkit.rules.reloads': {
    kind: 'counter',
    unit: '{reload}',
    about: 'Changes of rules files',
    attributes: { 'peerkit.result': RESULT }
  },
  'peerkit.credentials.rotations': {
    kind: 'counter',
    unit: '{rotation}',
    about: 'New credentials',
    attributes: { 'peerkit.result': RESULT, 'error.type': 'for refused ones: the reason, at most 50' }
  },
  'peerkit.credentials.start_time': {
    kind: 'gauge',
    unit: 's',
    about: 'notBefore of the own certificate, since the epoch. Equal on all machines when a rotation has reached ' +
      'all of them',
    attributes: {}
  },
  'peerkit.credentials.generation': {
    kind: 'gauge',
    unit: '{generation}',
    about: 'Number of the credentials in force, from 1',
    attributes: {}
  },
  'peerkit.ready': { kind: 'gauge', unit: '1', about: '1 if this process is ready, otherwise 0', attributes: {} },
  'peerkit.source.failing': {
    kind: 'gauge',
    unit: '1',
    about: '1 while the source of the credentials can get nothing new, otherwise 0',
    attributes: { 'peerkit.kind': '`files`, `memory`, `provider`, `issuer`, `workload api`' }
  },
  'peerkit.renewal.age': {
    kind: 'gauge',
    unit: 's',
    about: 'Time since the issuer or provider last gave a certificate',
    attributes: RENEWAL
  },
  'peerkit.renewal.next': {
    kind: 'gauge',
    unit: 's',
    about: 'Time until the issuer or provider is asked again, negative if that is overdue. None while it is asked',
    attributes: RENEWAL
  },
  'peerkit.renewal.failures': {
    kind: 'gauge',
    unit: '{failure}',
    about: 'How many attempts to get a certificate have failed in a row',
    attributes: { ...RENEWAL, 'error.type': 'code of the last one; `none` without a failure' }
  },
  'peerkit.renewal.failing_for': {
    kind: 'gauge',
    unit: 's',
    about: 'Time since the first of these failures, 0 without one',
    attributes: RENEWAL
  },
  'peerkit.renewal.store_failing': {
    kind: 'gauge',
    unit: '1',
    about: '1 if the store of the certificate failed when it was last used, otherwise 0. None without a store',
    attributes: RENEWAL
  },
  'peerkit.bundle.age': {
    kind: 'gauge',
    unit: 's',
    about: 'Time since the trust bundle was last got or confirmed',
    attributes: BUNDLE
  },
  'peerkit.bundle.failing': {
    kind: 'gauge',
    unit: '1',
    about: '1 if the last attempt to get the trust bundle failed, otherwise 0',
    attributes: BUNDLE
  },
  'peerkit.bundle.sequence': {
    kind: 'gauge',
    unit: '1',
    about: 'Sequence number of the trust bundle, if its owner counts its changes',
    attributes: BUNDLE
  },
  'peerkit.bundle.next_refresh': {
    kind: 'gauge',
    unit: 's',
    about: 'Time until the trust bundle is asked for, negative if it is overdue. None for one that is pushed',
    attributes: BUNDLE
  },
  'peerkit.expiry.remaining': {
    kind: 'gauge',
    unit: 's',
    about: 'Time until the expiry, negative after it',
    attributes: {
      'peerkit.kind': '`own`, `anchor`, `crl`',
      'peerkit.name': 'common name of the subject, for a CRL of the issuer; at most 100',
      'peerkit.authority': 'for an anchor: the authority that has it; otherwise `none`'
    }
  },
  'peerkit.expiry.warnings': {
    kind: 'counter',
    unit: '{warning}',
    about: 'Thresholds passed by certificates and CRLs',
    attributes: {
      'peerkit.kind': '`own`, `anchor`, `crl`, `peer`',
      'peerkit.threshold': 'as configured; `0` for the expiry'
    }
  },
  'peerkit.revocation.refreshes': {
    kind: 'counter',
    unit: '{refresh}',
    about: 'Attempts to get a CRL or an OCSP answer',
    attributes: { 'peerkit.source': '`crl`, `ocsp`', 'peerkit.result': RESULT }
  },
  'peerkit.revocation.soft_passes': {
    kind: 'counter',
    unit: '{certificate}',
    about: 'Certificates accepted with unknown revocation status',
    attributes: {}
  },
  'peerkit.outbound.connections': {
    kind: 'counter',
    unit: '{connection}',
    about: 'Connections to servers',
    attributes: {
      'server.address': 'origin, at most 100, then `other`',
      'peerkit.result': RESULT,
      'error.type': 'for failed ones: the reason, or the code where there is none, at most 50'
    }
  }
})

/** In seconds: from one microsecond (a fast decision) to ten seconds (a slow OCSP responder). */
const BOUNDARIES = [1e-6, 1e-5, 1e-4, 5e-4, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Creates instruments from the catalogue, so that name, unit and description are the documented ones. */
export class Instruments {
  readonly #meter: Meter
  readonly #counters = new Map<MetricName, Counter>()

  constructor (meter: Meter) {
    this.#meter = meter
  }

  counter (name: MetricName): Counter {
    let counter = this.#counters.get(name)
    if (counter === undefined) this.#counters.set(name, counter = this.#meter.createCounter(name, describe(name)))
    return counter
  }

  histogram (name: MetricName): Histogram {
    return this.#meter.createHistogram(name, { ...describe(name), advice: { explicitBucketBoundaries: BOUNDARIES } })
  }

  gauge (name: MetricName): ObservableGauge { return this.#meter.createObservableGauge(name, describe(name)) }
}

function describe (name: MetricName): { unit: string, description: string } {
  const { unit, about } = metricCatalogue[name]
  return { unit, description: about }
}
