import { claimsOf } from '@peerkit/identity'
import type { CertificateFlaw, ClaimKind, PeerIdentity } from '@peerkit/identity'
import { clip } from '@peerkit/identity/internal'
import { listPeerValues } from '@peerkit/rules'

/** The fields of a certificate for pages and scripts: bounded texts, no bytes. */
export interface ShownCertificate {
  readonly text: string
  readonly subject: string | undefined
  readonly issuer: string | undefined
  readonly spiffeId: string | undefined
  /** At most twenty names and claims with their types: `DNS api.internal`, `URI spiffe://…`, `qualified type web`. */
  readonly names: readonly string[]
  readonly serialNumber: string | undefined
  /** Milliseconds since the epoch. */
  readonly notBefore: number | undefined
  readonly notAfter: number | undefined
  readonly fingerprint256: string | undefined
  readonly publicKey256: string | undefined
  readonly isCa: boolean | undefined
  /** The authority that vouches for it. Undefined if none was asked. */
  readonly authority: string | undefined
  /** The kinds of names that the authority does not vouch for. The fields above do not have them. */
  readonly notBelieved: readonly ClaimKind[]
  /** The values of these kinds in the certificate: claims, which rules do not see. */
  readonly claimed: readonly string[]
  /** The flaws that its authority tolerates. Usually empty. */
  readonly tolerated: readonly CertificateFlaw[]
  /** The gateways, the nearest last. */
  readonly via: readonly string[]
  /** The certificates above it, the trusted CA last, at most ten. Empty if they are not known. */
  readonly chain: readonly ShownLink[]
}

/** A certificate above another one. */
export interface ShownLink {
  readonly subject: string
  /** Milliseconds since the epoch. */
  readonly notAfter: number | undefined
  readonly fingerprint256: string | undefined
}

const MAX_CHAIN = 10

const MAX_NAMES = 20
const MAX_LENGTH = 500

export function showCertificate (identity: PeerIdentity): ShownCertificate {
  const { spiffeId, serialNumber, notBefore, notAfter, fingerprint256, publicKey256, isCa, via } = identity
  return {
    text: String(identity),
    subject: clip(identity.subject?.toString(), MAX_LENGTH),
    issuer: clip(identity.issuer?.toString(), MAX_LENGTH),
    spiffeId: clip(spiffeId, MAX_LENGTH),
    names: clipList([...listNames(identity), ...listExtensionClaims(identity)]),
    serialNumber,
    notBefore,
    notAfter,
    fingerprint256,
    publicKey256,
    isCa,
    authority: identity.authority,
    notBelieved: identity.notBelieved,
    claimed: listClaims(identity),
    tolerated: identity.tolerated,
    via: via.map(String),
    chain: (identity.chain ?? []).slice(0, MAX_CHAIN).map(showLink)
  }
}

function showLink (identity: PeerIdentity): ShownLink {
  const { subject, notAfter, fingerprint256 } = identity
  return { subject: clip(subject?.toString() || String(identity), MAX_LENGTH), notAfter, fingerprint256 }
}

function clipList (texts: readonly string[]): readonly string[] {
  const few = texts.slice(0, MAX_NAMES).map((text) => clip(text, MAX_LENGTH))
  return texts.length <= MAX_NAMES ? few : [...few, `and ${texts.length - MAX_NAMES} more`]
}

/** The name of a certificate in a table. */
export function nameCertificate (identity: PeerIdentity): string {
  const { spiffeId, subject, subjectAltNames } = identity
  const name = spiffeId ??
    subject?.commonName ??
    subjectAltNames?.dns[0] ??
    subjectAltNames?.uri[0] ??
    subject?.toString()
  return clip(name === undefined || name === '' ? String(identity) : name, 120)
}

/** The alternative names with their types: `DNS api.internal`, `URI spiffe://…`. */
function listNames (peer: PeerIdentity): readonly string[] {
  const { subjectAltNames } = peer
  if (subjectAltNames === undefined) return []
  const { dns, uri, email, ip, registeredId } = subjectAltNames
  const [upn = [], otherName = []] = [listPeerValues(peer, 'upn'), listPeerValues(peer, 'otherName')]
  const kinds = [
    ['DNS', dns], ['URI', uri], ['e-mail', email], ['IP', ip], ['user principal name', upn],
    ['directory name', subjectAltNames.directoryName.map(String)], ['registered ID', registeredId],
    // A user principal name is shown once.
    ['other name', otherName.filter((text) => !upn.some((name) => text.endsWith(`text ${name}`)))]
  ] as const
  return kinds.flatMap(([kind, values]) => values.map((value) => `${kind} ${value}`))
}

/** The claims of extensions: `qualified type web`, `admission profession Arzt`. */
function listExtensionClaims (peer: PeerIdentity): readonly string[] {
  return (['qualified', 'admission'] as const).flatMap((key) => {
    return listPeerValues(peer, key)?.map((value) => `${key} ${value}`) ?? []
  })
}

/** The names that the authority does not vouch for: `subject CN=web`, `DNS a.internal`, `policy 1.2.3`. */
export function listClaims (identity: PeerIdentity): readonly string[] {
  if (identity.notBelieved.length === 0) return []
  const claims = claimsOf(identity)
  const [all, believed] = [listNames(claims), new Set(listNames(identity))]
  const subject = identity.subject === undefined ? claims.subject?.toString() ?? '' : ''
  const believedClaims = new Set(listExtensionClaims(identity))
  const policies = identity.policies === undefined ? claims.policies ?? [] : []
  return clipList([
    ...(subject === '' ? [] : [`subject ${subject}`]),
    ...all.filter((name) => !believed.has(name)),
    ...policies.map((policy) => `policy ${policy}`),
    ...listExtensionClaims(claims).filter((claim) => !believedClaims.has(claim))
  ])
}
