import type { Attributes, Counter } from '@opentelemetry/api'
import type { CredentialSource } from '@peerkit/credentials'
import { requestReasons } from '@peerkit/events'
import { NO_AUTHORITY, reasonsOf } from './labels.ts'
import type { Instruments, MetricName } from './metric-catalogue.ts'

/** Series by authority and reason multiply. With more authorities, those of the others start with their first event. */
const MAX_AUTHORITIES = 10

const REFUSED = { 'peerkit.result': 'refused' }
const RESULTS = [{ 'peerkit.result': 'accepted' }, REFUSED]

/** What the series depend on besides the vocabulary. */
export interface KnownLabels {
  readonly credentials: CredentialSource | undefined
  /** Of expiry warnings. */
  readonly thresholds: readonly string[]
}

/**
 * Adds 0 to each counter for its known label values. `increase()` sees an event only in a series that was there before
 * it, so without this an alert would miss the first one. Adding 0 again changes nothing.
 *
 * Origins, groups and issuers are not known before their first event.
 */
export function startAtZero (instruments: Instruments, { credentials, thresholds }: KnownLabels): void {
  const ofInbound = errorTypes(reasonsOf('certificate', 'inbound'))
  const ofForwarded = errorTypes(reasonsOf('certificate', 'forwarded'))
  const ofRequests = errorTypes(Object.keys(requestReasons))
  const byAuthority = listAuthorities(credentials).map((name) => ({ 'peerkit.authority': name }))
  const unidentified = [{ 'peerkit.authority': NO_AUTHORITY }]
  const resumed = [{ 'peerkit.resumed': false }, { 'peerkit.resumed': true }]
  const warned = ['own', 'anchor', 'crl', 'peer'].map((kind) => ({ 'peerkit.kind': kind }))
  const passed = [...new Set([...thresholds, '0'])].map((threshold) => ({ 'peerkit.threshold': threshold }))
  const known: Partial<Record<MetricName, readonly Attributes[]>> = {
    'peerkit.handshakes': [
      ...combine([{ 'peerkit.result': 'accepted' }], resumed, byAuthority),
      ...combine([REFUSED], resumed, unidentified, ofInbound)
    ],
    'peerkit.connections.ended': combine(ofInbound, byAuthority),
    'peerkit.requests': [
      ...combine([{ 'peerkit.decision': 'allowed', 'peerkit.group': 'none' }], byAuthority),
      ...combine([{ 'peerkit.decision': 'denied' }, { 'peerkit.decision': 'would_deny' }], byAuthority, ofRequests)
    ],
    'peerkit.verdicts': [{ 'peerkit.cache': 'hit' }, { 'peerkit.cache': 'miss' }],
    'peerkit.forwarded.rejected': [
      ...combine([REFUSED], ofForwarded),
      { 'peerkit.result': 'stripped', 'error.type': 'untrusted_sender' }
    ],
    'peerkit.rules.reloads': RESULTS,
    'peerkit.credentials.rotations': [
      { 'peerkit.result': 'accepted' }, ...combine([REFUSED], errorTypes(reasonsOf('credentials')))
    ],
    'peerkit.expiry.warnings': combine(warned, passed),
    'peerkit.revocation.refreshes': combine([{ 'peerkit.source': 'crl' }, { 'peerkit.source': 'ocsp' }], RESULTS),
    'peerkit.revocation.soft_passes': [{}]
  }
  for (const [name, series] of Object.entries(known)) {
    const counter: Counter = instruments.counter(name as MetricName)
    for (const attributes of series) counter.add(0, attributes)
  }
}

/** `none` stands for clients without a certificate, and for all clients of an app without named authorities. */
function listAuthorities (credentials: CredentialSource | undefined): readonly string[] {
  const named = (credentials?.current.authorities ?? [])
    .filter((each) => each.for !== 'servers')
    .map(({ name }) => name)
  return [NO_AUTHORITY, ...named.slice(0, MAX_AUTHORITIES)]
}

function errorTypes (values: readonly string[]): readonly Attributes[] {
  return values.map((value) => ({ 'error.type': value }))
}

/** Every combination of one element of each list. */
function combine (...lists: ReadonlyArray<readonly Attributes[]>): readonly Attributes[] {
  return lists.reduce((all, list) => all.flatMap((one) => list.map((other) => ({ ...one, ...other }))))
}
