import type { PeerIdentity } from '@peerkit/identity'
import { dateOfLoss } from '@peerkit/trust/forecast'
import type { CertificateUse, ClientAuthForecast } from '@peerkit/trust/forecast'
import type { AuditedClient } from './audited-clients.ts'

/** The option that named it. */
export type Source = 'cert' | 'ca' | 'audit' | 'url'

/** A certificate or client, and what becomes of it. */
export interface ForecastRow {
  readonly source: Source
  /** The file, or the server, and which one there. */
  readonly where: string
  readonly use: CertificateUse
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

/** By date, the soonest first; what is not affected last. */
export function sortRows (rows: readonly ForecastRow[]): ForecastRow[] {
  return rows.toSorted((one, other) => {
    const [date, otherDate] = [dateOfLoss(one.forecast), dateOfLoss(other.forecast)]
    // A difference of two infinities is no number.
    return date === otherDate ? 0 : date - otherDate
  })
}
