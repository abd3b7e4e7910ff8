import type { PeerIdentity } from '@peerkit/identity'
import { dateOfLoss } from '@peerkit/trust/forecast'
import type { CertificateUse, ClientAuthForecast } from '@peerkit/trust/forecast'
import type { AuditedClient } from './audited-clients.ts'

/** The option that it comes from. */
export type Source = 'cert' | 'ca' | 'audit' | 'url'

/** A certificate or client with its forecast. */
export interface ForecastRow {
  readonly source: Source
  /** The file or server, and the position there. */
  readonly where: string
  readonly use: CertificateUse
  readonly name: string
  readonly issuer: string | undefined
  readonly serialNumber: string | undefined
  readonly fingerprint256: string | undefined
  /** For a client of an audit log. */
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

/** The names of a certificate. */
export function rowOf (peer: PeerIdentity): Named {
  const { issuer, serialNumber, fingerprint256 } = peer
  return { name: String(peer), issuer: issuer && String(issuer), serialNumber, fingerprint256, client: undefined }
}

/** Sorts by date, the soonest first, unaffected ones last. */
export function sortRows (rows: readonly ForecastRow[]): ForecastRow[] {
  return rows.toSorted((one, other) => {
    const [date, otherDate] = [dateOfLoss(one.forecast), dateOfLoss(other.forecast)]
    // The difference of two infinities is NaN.
    return date === otherDate ? 0 : date - otherDate
  })
}
