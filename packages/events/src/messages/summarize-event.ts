import { iso, networkOf } from '@peerkit/identity/internal'
import type { PeerIdentity } from '@peerkit/identity'
import type { EventMessages, EventName } from '../channels/channels.ts'
import type { RefusalDetail } from '../reasons/certificate-refusal.ts'
import { hintHandshakeFailure } from '../reasons/handshake-failures.ts'
import { requestReasons } from '../reasons/reasons.ts'
import type { NearestRule } from './peer-messages.ts'

/**
 * How serious an event is: `good` for a success, `info` for noise such as port scans, `warning` for something that
 * still works, `denied` for a refused peer or connection, `failed` for a fault of this service or of what it depends
 * on.
 */
export type EventSeverity = 'good' | 'info' | 'warning' | 'denied' | 'failed'

/** What became of it. `reported`: report mode let a request through that the rules do not allow. */
export type EventOutcome = 'allowed' | 'denied' | 'reported' | 'failed' | 'changed' | 'warned'

/** What an event says, for the audit log and the console. Its texts are not clipped. */
export interface EventSummary {
  readonly severity: EventSeverity
  readonly outcome: EventOutcome
  /** A short title in lower case. It has no values. */
  readonly title: string
  /** The verified client, the network of a stranger, or the part of this service that it is about. */
  readonly source: string
  /** The peer, if the event is about one: null if it has no certificate. */
  readonly peer?: PeerIdentity | null | undefined
  readonly remoteAddress?: string | undefined
  readonly reason?: string | undefined
  /** What the reason means and what to do, if that is known. */
  readonly hint?: string | undefined
  /** The failed check and the certificate. */
  readonly detail?: RefusalDetail | undefined
  /** A sentence that says more. */
  readonly message?: string | undefined
  readonly nearest?: NearestRule | undefined
  /** Other values by name. Times are ISO 8601. */
  readonly facts: Readonly<Record<string, string | number | boolean | undefined>>
}

/** The events that have a summary: all but new connections, of which there are too many. */
export type SummarizedName = Exclude<EventName, 'peerkit:connection:identified' | 'peerkit:outbound:identified'>

type Summarizers = { readonly [Name in SummarizedName]: (message: EventMessages[Name]) => EventSummary }

const summarizers: Summarizers = {
  'peerkit:handshake:refused': ({
    reason, code, detail, peer, fingerprint256, remoteAddress, remotePort, protocol, alpnProtocol, resumed
  }) => {
    // Port scans, TCP health checks and clients that close the connection: this server refused nothing.
    const isNoise = reason === 'protocol'
    return {
      severity: isNoise ? 'info' : 'denied',
      outcome: isNoise ? 'failed' : 'denied',
      title: isNoise ? 'mTLS handshake failed' : 'mTLS handshake refused',
      // A stranger can create any number of certificates.
      source: networkOf(remoteAddress),
      peer,
      remoteAddress,
      reason,
      hint: hintHandshakeFailure(reason, code, detail?.step),
      detail,
      facts: {
        ...(fingerprint256 !== undefined && { fingerprint256 }), remotePort, code, protocol, alpnProtocol, resumed
      }
    }
  },
  'peerkit:handshake:chain-unavailable': ({ message, node }) => ({
    severity: 'warning',
    outcome: 'warned',
    title: 'this Node version does not expose the intermediates that clients send',
    source: 'node',
    message,
    facts: { node }
  }),
  'peerkit:connection:ended': ({ reason, detail, peer, remoteAddress }) => ({
    severity: 'denied',
    outcome: 'denied',
    title: 'mTLS connection no longer accepted',
    source: sourceOf(peer, remoteAddress),
    peer,
    remoteAddress,
    reason,
    hint: hintHandshakeFailure(reason, undefined, detail?.step),
    detail,
    facts: {}
  }),
  'peerkit:forwarded:refused': (message) => summarizeForwarded(message, 'forwarded client certificate refused'),
  'peerkit:forwarded:stripped': (message) => summarizeForwarded(message, 'forwarded client certificate removed'),
  'peerkit:request:allowed': (message) => summarizeRequest(message, 'info', 'allowed', 'client allowed'),
  'peerkit:request:denied': (message) => summarizeRequest(message, 'denied', 'denied', 'client denied'),
  'peerkit:request:would-deny': (message) => {
    return summarizeRequest(message, 'warning', 'reported', 'client would be denied')
  },
  'peerkit:rules:reloaded': ({ file, generation, addedCount, removedCount }) => ({
    severity: 'good',
    outcome: 'changed',
    title: 'rules reloaded',
    source: file,
    facts: { file, generation, addedCount, removedCount }
  }),
  'peerkit:rules:refused': ({ file, generation, error }) => {
    const { code, reason, message } = error as Error & { code?: string, reason?: string }
    return {
      severity: 'failed',
      outcome: 'failed',
      title: 'new rules refused, the old ones stay in force',
      source: file,
      reason,
      message,
      facts: { file, generation, code }
    }
  },
  'peerkit:credentials:rotated': ({ identity, generation, trustChanged, notAfter, withdrawn = false, from }) => ({
    severity: withdrawn ? 'failed' : 'good',
    outcome: withdrawn ? 'failed' : 'changed',
    title: withdrawn
      ? 'our certificate was withdrawn; none is presented until there is a new one'
      : 'new credentials in force',
    source: 'credentials',
    peer: identity,
    facts: { generation, trustChanged, notAfter: notAfter === undefined ? undefined : iso(notAfter), from }
  }),
  'peerkit:credentials:refused': ({ code, reason, authority, message, from, generation }) => ({
    severity: 'failed',
    outcome: 'failed',
    title: 'new credentials refused, the old ones stay in force',
    source: 'credentials',
    reason,
    message,
    facts: { code, authority, from, generation }
  }),
  'peerkit:credentials:recovered': ({ authority, from, generation }) => ({
    severity: 'good',
    outcome: 'changed',
    title: 'credentials are in order again',
    source: 'credentials',
    facts: { authority, from, generation }
  }),
  'peerkit:credentials:waiting': ({ code, reason, authority, message, generation }) => ({
    severity: 'info',
    outcome: 'warned',
    title: 'new credentials are incomplete',
    source: 'credentials',
    reason,
    message,
    facts: { code, authority, generation }
  }),
  'peerkit:credentials:warned': ({ message, generation }) => ({
    severity: 'warning',
    outcome: 'warned',
    title: 'credentials accepted with a warning',
    source: 'credentials',
    message,
    facts: { generation }
  }),
  'peerkit:revocation:refreshed': ({ source, url, issuer, serialNumber }) => ({
    severity: 'good',
    outcome: 'changed',
    title: 'revocation status refreshed',
    source: url ?? source,
    facts: { source, url, issuer, serialNumber }
  }),
  'peerkit:revocation:failed': ({ source, code, reason, message, url, issuer, serialNumber }) => ({
    severity: 'failed',
    outcome: 'failed',
    title: 'revocation status could not be refreshed',
    source: url ?? source,
    reason,
    message,
    facts: { source, url, issuer, serialNumber, code }
  }),
  'peerkit:revocation:soft-passed': ({ why, issuer, serialNumber, fingerprint256 }) => ({
    severity: 'warning',
    outcome: 'warned',
    title: 'certificate accepted with unknown revocation status',
    source: fingerprint256 ?? 'unknown',
    reason: why,
    facts: { issuer, serialNumber, fingerprint256 }
  }),
  'peerkit:expiry:soon': ({
    what, name, issuer, serialNumber, fingerprint256, authority, notAfter, left, threshold
  }) => ({
    severity: left <= 0 ? 'failed' : 'warning',
    outcome: 'warned',
    title: left <= 0 ? 'certificate or CRL has expired' : 'certificate or CRL expires soon',
    source: fingerprint256 ?? name,
    facts: {
      what, peer: name, fingerprint256, serialNumber, issuer, authority, notAfter: iso(notAfter), threshold
    }
  }),
  'peerkit:outbound:refused': ({ origin, code, reason, message, detail }) => ({
    severity: 'denied',
    outcome: 'failed',
    title: 'outbound connection failed',
    source: origin,
    reason,
    detail,
    // It includes the message of the detail.
    message,
    facts: { origin, code }
  })
}

/** The name of every event that has a summary. */
export const summarizedNames: readonly SummarizedName[] = Object.freeze(Object.keys(summarizers) as SummarizedName[])

/**
 * Says what an event means, in one way for the audit log, the console and your own logs: how serious it is, its title,
 * who it is about, why, and what to do.
 *
 * @param name the channel
 * @param message what was published on it
 * @example
 * ```ts
 * const message = { v: 1, time: Date.now(), file: 'rules.yaml', generation: 2 } as const
 * console.log(summarizeEvent('peerkit:rules:reloaded', message).title) // rules reloaded
 * ```
 */
export function summarizeEvent<Name extends SummarizedName> (name: Name, message: EventMessages[Name]): EventSummary {
  return summarizers[name](message)
}

function summarizeForwarded (
  { reason, detail, header, peer, remoteAddress }: EventMessages['peerkit:forwarded:refused'], title: string
): EventSummary {
  return {
    severity: 'denied',
    outcome: 'denied',
    title,
    source: sourceOf(peer, remoteAddress),
    peer,
    remoteAddress,
    reason,
    facts: { header, detail }
  }
}

function summarizeRequest (
  message: EventMessages['peerkit:request:denied'], severity: EventSeverity, outcome: EventOutcome, title: string
): EventSummary {
  const { reason, rules, rule, group, nearest, peer, requestId, method, path, route, remoteAddress } = message
  return {
    severity,
    outcome,
    title,
    source: sourceOf(peer, remoteAddress),
    peer,
    remoteAddress,
    reason,
    hint: reason !== undefined && Object.hasOwn(requestReasons, reason) ? requestReasons[reason] : undefined,
    nearest,
    facts: { requestId, method, path, route, rules, rule, group }
  }
}

/** The verified certificate, otherwise the network, because a stranger can create any number of certificates. */
function sourceOf (peer: PeerIdentity | null | undefined, remoteAddress: string | undefined): string {
  if (peer !== null && peer !== undefined) return peer.fingerprint256 ?? peer.toString()
  return networkOf(remoteAddress)
}
