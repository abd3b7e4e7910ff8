import type { PeerIdentity } from '@peerkit/identity'
import { clip } from '../collect/clip.ts'

/** A certificate's fields for pages and scripts: bounded texts, no bytes. */
export interface ShownCertificate {
  readonly text: string
  readonly subject: string | undefined
  readonly issuer: string | undefined
  readonly spiffeId: string | undefined
  /** `DNS api.internal`, `URI spiffe://…`: by type, at most twenty. */
  readonly names: readonly string[]
  readonly serialNumber: string | undefined
  /** Milliseconds since the epoch. */
  readonly notBefore: number | undefined
  readonly notAfter: number | undefined
  readonly fingerprint256: string | undefined
  readonly publicKey256: string | undefined
  readonly isCa: boolean | undefined
  /** Through which gateways, nearest last. */
  readonly via: readonly string[]
}

const MAX_NAMES = 20
const MAX_LENGTH = 500

export function showCertificate (identity: PeerIdentity): ShownCertificate {
  const { spiffeId, serialNumber, notBefore, notAfter, fingerprint256, publicKey256, isCa, via } = identity
  return {
    text: String(identity),
    subject: clip(identity.subject?.toString(), MAX_LENGTH),
    issuer: clip(identity.issuer?.toString(), MAX_LENGTH),
    spiffeId: clip(spiffeId, MAX_LENGTH),
    names: listNames(identity),
    serialNumber,
    notBefore,
    notAfter,
    fingerprint256,
    publicKey256,
    isCa,
    via: via.map(String)
  }
}

function listNames ({ subjectAltNames }: PeerIdentity): readonly string[] {
  if (subjectAltNames === undefined) return []
  const { dns, uri, email, ip } = subjectAltNames
  const kinds: ReadonlyArray<readonly [string, readonly string[]]> = [['DNS', dns], ['URI', uri], ['e-mail', email], ['IP', ip]]
  const names = kinds.flatMap(([kind, values]) => values.map((value) => clip(`${kind} ${value}`, MAX_LENGTH) as string))
  return names.length <= MAX_NAMES ? names : [...names.slice(0, MAX_NAMES), `and ${names.length - MAX_NAMES} more`]
}

/** What stands in a table: the most telling name of a certificate. */
export function nameCertificate (identity: PeerIdentity): string {
  const { spiffeId, subject, subjectAltNames } = identity
  const name = spiffeId ?? subject?.commonName ?? subjectAltNames?.dns[0] ?? subjectAltNames?.uri[0] ?? subject?.toString()
  return clip(name === undefined || name === '' ? String(identity) : name, 120) as string
}
