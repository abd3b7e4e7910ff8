/** What a metric is. The exporter for Prometheus turns dots to underscores and adds `_total` to counters; the OpenTelemetry Collector also adds the unit. */
export interface MetricDescription {
  readonly kind: 'counter' | 'histogram' | 'gauge'
  /** As the OpenTelemetry conventions write units (UCUM). */
  readonly unit: string
  readonly about: string
  /** Every attribute, with what it may be: each is one of a few words, or bounded. */
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
  | 'peerkit.expiry.remaining'
  | 'peerkit.expiry.warnings'
  | 'peerkit.revocation.refreshes'
  | 'peerkit.revocation.soft_passes'
  | 'peerkit.outbound.connections'

const RESULT = '`accepted`, `refused`'
const AUTHORITY = 'authority that vouches for the client, at most 50, then `other`; `none` where nobody was identified'
const ISSUER = 'issuer of the leaf, at most 50, then `other`'

/** Every metric, in the order of docs/metrics.md. */
export const metricCatalogue: Readonly<Record<MetricName, MetricDescription>> = Object.freeze({
  'peerkit.handshakes': {
    kind: 'counter',
    unit: '{handshake}',
    about: 'Handshakes of clients by result',
    attributes: {
      'peerkit.result': RESULT,
      'peerkit.resumed': 'whether a session was resumed',
      'peerkit.authority': AUTHORITY,
      'error.type': 'of a refused one, the reason (docs/handshake-failures.md)'
    }
  },
  'peerkit.handshake.judgement.duration': { kind: 'histogram', unit: 's', about: 'Time to judge a finished handshake: chain, validity, revocation', attributes: { 'peerkit.result': RESULT } },
  'peerkit.connections.ended': {
    kind: 'counter',
    unit: '{connection}',
    about: 'Open connections whose certificate was no longer accepted',
    attributes: { 'error.type': 'the reason', 'peerkit.authority': AUTHORITY }
  },
  'peerkit.connections.by_issuer': { kind: 'counter', unit: '{connection}', about: 'Accepted connections by whose certificate was presented', attributes: { 'peerkit.issuer': ISSUER, 'peerkit.anchor': 'root that vouches for it, or `unknown`' } },
  'peerkit.requests': {
    kind: 'counter',
    unit: '{request}',
    about: 'Requests by decision',
    attributes: {
      'peerkit.decision': '`allowed`, `denied`, `would_deny`',
      'peerkit.group': 'the group that allowed, at most 100, then `other`; `none` without',
      'peerkit.authority': AUTHORITY,
      'error.type': 'of a denied one, the reason'
    }
  },
  'peerkit.requests.by_issuer': { kind: 'counter', unit: '{request}', about: 'Allowed requests by whose certificate was presented', attributes: { 'peerkit.issuer': ISSUER, 'peerkit.anchor': 'root that vouches for it, or `unknown`' } },
  'peerkit.verdict.duration': { kind: 'histogram', unit: 's', about: 'Time to find a verdict that was not cached', attributes: { 'peerkit.decision': '`allowed`, `denied`' } },
  'peerkit.verdicts': { kind: 'counter', unit: '{verdict}', about: 'Verdicts by whether they were cached', attributes: { 'peerkit.cache': '`hit`, `miss`' } },
  'peerkit.forwarded.rejected': { kind: 'counter', unit: '{request}', about: 'Identities in headers that were not believed', attributes: { 'peerkit.result': '`refused`, `stripped`', 'error.type': 'the reason, at most 50' } },
  'peerkit.rules.reloads': { kind: 'counter', unit: '{reload}', about: 'Changes of rules files', attributes: { 'peerkit.result': RESULT } },
  'peerkit.credentials.rotations': { kind: 'counter', unit: '{rotation}', about: 'New credentials', attributes: { 'peerkit.result': RESULT, 'error.type': 'of refused ones, the reason, at most 50' } },
  'peerkit.credentials.start_time': { kind: 'gauge', unit: 's', about: 'When our own certificate in force began, since the epoch: the same on every machine once a rotation reached all', attributes: {} },
  'peerkit.credentials.generation': { kind: 'gauge', unit: '{generation}', about: 'Number of the credentials in force, from 1', attributes: {} },
  'peerkit.ready': { kind: 'gauge', unit: '1', about: '1 where this process is ready, 0 where it is not', attributes: {} },
  'peerkit.expiry.remaining': {
    kind: 'gauge',
    unit: 's',
    about: 'Time until the end, below 0 after it',
    attributes: {
      'peerkit.kind': '`own`, `anchor`, `crl`',
      'peerkit.name': 'common name of its subject, of a CRL that of its issuer; at most 100',
      'peerkit.authority': 'of an anchor the authority that has it; `none` for others'
    }
  },
  'peerkit.expiry.warnings': { kind: 'counter', unit: '{warning}', about: 'Thresholds passed by certificates and CRLs', attributes: { 'peerkit.kind': '`own`, `anchor`, `crl`, `peer`', 'peerkit.threshold': 'as configured; `0` for the end' } },
  'peerkit.revocation.refreshes': { kind: 'counter', unit: '{refresh}', about: 'CRLs and OCSP answers that came, or did not', attributes: { 'peerkit.source': '`crl`, `ocsp`', 'peerkit.result': RESULT } },
  'peerkit.revocation.soft_passes': { kind: 'counter', unit: '{certificate}', about: 'Certificates that passed without their revocation status', attributes: {} },
  'peerkit.outbound.connections': { kind: 'counter', unit: '{connection}', about: 'Connections to servers', attributes: { 'server.address': 'origin, at most 100, then `other`', 'peerkit.result': RESULT, 'error.type': 'of a refused one, the code, at most 50' } }
})
