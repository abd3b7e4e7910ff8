import { parseDistinguishedName } from '@peerkit/identity'
import type { DistinguishedName, PeerIdentity } from '@peerkit/identity'
import {
  dateOfLoss, findOriginByName, forecastAuthority, forecastClientAuth, forecastOf, needsAction
} from '@peerkit/trust/forecast'
import type { CertificateUse, ClientAuthForecast, PublicRoots } from '@peerkit/trust/forecast'
import { UsageError } from '../command.ts'
import { numbered, readCertificateFile } from '../files/certificate-file.ts'
import { readPresented } from '../inspect/certificate.ts'
import type { AuditedClient, AuditFile } from './audit.ts'

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

/** The result of `peerkit forecast`. */
export interface Forecasts {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly within: number
  readonly rows: readonly ForecastRow[]
  readonly unreadable: readonly UnreadableServer[]
  readonly audit: readonly AuditFile[]
  /** Lines of clients beyond the bound. */
  readonly leftOut: number
}

type Named = Pick<ForecastRow, 'name' | 'issuer' | 'serialNumber' | 'fingerprint256' | 'client'>

/** The names of a certificate. */
function rowOf (peer: PeerIdentity): Named {
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

/** The context of all forecasts of a run. */
export interface ForecastContext {
  readonly roots: PublicRoots
  /** The certificates of --ca. */
  readonly authorities: readonly PeerIdentity[]
  readonly now: number
  readonly within: number
}

/** @throws UsageError with the option and the file */
export async function readCertificates (option: 'cert' | 'ca', path: string): Promise<readonly PeerIdentity[]> {
  const expected = option === 'ca' ? 'CA certificates, PEM or DER' : 'a certificate, PEM or DER'
  const ders = await readCertificateFile(path, `--${option} `, expected)
  return ders.map((der, index) => {
    const { peer, error = '' } = readPresented(der)
    if (peer !== undefined) return peer
    const which = `certificate ${index + 1} of ${ders.length}`
    throw new UsageError(`--${option} ${path}: ${error} in ${which}; expected readable certificates`)
  })
}

/** The certificates of one file or server. */
export interface FoundCertificates {
  readonly source: Source
  readonly where: string
  readonly use: CertificateUse
  readonly leaves: readonly PeerIdentity[]
  /** Possible issuers, in addition to the CAs of --ca. */
  readonly issuers: readonly PeerIdentity[]
}

export function forecastLeaves (found: FoundCertificates, context: ForecastContext): ForecastRow[] {
  const { source, where, use, leaves, issuers } = found
  const { roots, authorities, now } = context
  const chain = [...issuers, ...authorities]
  return leaves.map((leaf, index) => {
    const forecast = forecastClientAuth(leaf, { chain, now, roots })
    return finish({ source, where: numbered(where, index, leaves.length), use, ...rowOf(leaf), forecast }, context)
  })
}

/** @throws UsageError for a certificate that is not a CA */
export function forecastAuthorities (
  path: string, certificates: readonly PeerIdentity[], context: ForecastContext
): ForecastRow[] {
  const { roots, authorities, now } = context
  return certificates.map((ca, index) => {
    if (ca.isCa !== true) {
      const expected = 'CA certificates (--cert accepts others)'
      throw new UsageError(`--ca ${path}: found ${String(ca)}, which is not a CA; expected ${expected}`)
    }
    const where = numbered(path, index, certificates.length)
    const forecast = forecastAuthority(ca, { chain: authorities, now, roots })
    return finish({ source: 'ca', where, use: 'authority', ...rowOf(ca), forecast }, context)
  })
}

/** The audit log has only the issuer's name of a client, not the certificate. */
export function forecastClient (client: AuditedClient, context: ForecastContext): ForecastRow {
  const { roots, authorities, now } = context
  const { name, issuer, serialNumber, fingerprint256, notAfter, refused } = client
  const origin = findOriginByName(readName(issuer), authorities, roots)
  const forecast = forecastOf(origin, { clientAuth: refused ? false : undefined, notAfter, now })
  const known = { name, issuer, serialNumber, fingerprint256, client }
  return finish({ source: 'audit', where: 'audit log', use: 'client', ...known, forecast }, context)
}

function readName (text: string | undefined): DistinguishedName | undefined {
  try {
    return text === undefined ? undefined : parseDistinguishedName(text)
  } catch {
    // The log clips long names at any position.
    return undefined
  }
}

function finish (row: Omit<ForecastRow, 'needsAction'>, { now, within }: ForecastContext): ForecastRow {
  return { ...row, needsAction: needsAction(row.use, row.forecast, now, within) }
}
