import type { PeerIdentity } from '@peerkit/identity'
import type { AuditedClient } from './audited-clients.ts'
import type { ClientAuthForecast } from './forecast-client-auth.ts'

/** The option that named it. */
export type Source = 'cert' | 'ca' | 'audit' | 'url'

/** What a certificate is used for. `authority`: it vouches for clients. */
export type Use = 'client' | 'server' | 'unknown' | 'authority'

/** A certificate or client, and what becomes of it. */
export interface ForecastRow {
  readonly source: Source
  /** The file, or the server, and which one there. */
  readonly where: string
  readonly use: Use
  readonly name: string
  readonly issuer: string | undefined
  readonly serialNumber: string | undefined
  readonly fingerprint256: string | undefined
  /** Of a client of an audit log. */
  readonly client: AuditedClient | undefined
  readonly forecast: ClientAuthForecast
  readonly needsAction: boolean
}

/** A server whose certificate could not be read. */
export interface UnreadableServer {
  readonly where: string
  readonly error: string
}

type Named = Pick<ForecastRow, 'name' | 'issuer' | 'serialNumber' | 'fingerprint256' | 'client'>

/** Who a certificate is. */
export function rowOf (peer: PeerIdentity): Named {
  const { issuer, serialNumber, fingerprint256 } = peer
  return { name: String(peer), issuer: issuer && String(issuer), serialNumber, fingerprint256, client: undefined }
}

/**
 * Whether somebody has to do something within a time. What may be a client counts as one while it can be one; what is
 * for servers alone already counts only if it is said to be used as a client.
 */
export function needsAction (use: Use, { state, loses }: ClientAuthForecast, now: number, within: number): boolean {
  if (use === 'server' || state === 'not_affected') return false
  if (state === 'lacks') return use !== 'unknown'
  return loses === undefined || loses.at <= now + within
}

/** By date, the soonest first; what is not affected last. */
export function sortRows (rows: readonly ForecastRow[]): ForecastRow[] {
  // A difference of two infinities is no number.
  return rows.toSorted((one, other) => sortKey(one) === sortKey(other) ? 0 : sortKey(one) - sortKey(other))
}

function sortKey ({ forecast: { state, notAfter, loses } }: ForecastRow): number {
  if (state === 'not_affected') return Infinity
  return state === 'lacks' ? -Infinity : loses?.at ?? notAfter ?? -Infinity
}
