import { CertificateExtensions } from './certificate-extensions.ts'
import type { CertificateExtension, ExtensionClaim } from './certificate-extensions.ts'
import { clip } from './internal/text.ts'
import type { DistinguishedName } from './name/distinguished-name.ts'
import type { ClaimKind, PeerIdentity, SubjectAltNames } from './peer-identity.ts'
import { parseSpiffeId } from './spiffe-id.ts'
import { emptyUnknown, hideAltNames } from './subject-alt-names.ts'
import type { AdmittedProfession } from './x509/admission.ts'
import type { CertificateFlaw } from './x509/certificate.ts'
import type { KeyUsage } from './x509/extensions.ts'
import type { QualifiedStatements } from './x509/qualified-statements.ts'

/** Every stored field of a `PeerIdentity`. */
type IdentityFields = Omit<
  PeerIdentity,
  | 'raw' | 'toString' | 'toJSON' | 'authority' | 'notBelieved' | 'tolerated' | 'commonName' | 'organization'
  | 'organizationalUnit' | 'trustDomain' | 'qualified' | 'admission' | 'believedExtensions' | 'extension'
> &
  Partial<Pick<PeerIdentity, 'authority' | 'notBelieved' | 'tolerated'>>

const NO_LINKS: PeerLinks = Object.freeze({})
const NONE: readonly never[] = Object.freeze([])

/** Maximum length for a log line. A longer text was chosen by the peer. */
const MAX_TEXT = 256

class Identity implements PeerIdentity {
  readonly subject: DistinguishedName | undefined
  readonly issuer: DistinguishedName | undefined
  readonly subjectAltNames: SubjectAltNames | undefined
  readonly spiffeId: string | undefined
  readonly serialNumber: string | undefined
  readonly notBefore: number | undefined
  readonly notAfter: number | undefined
  readonly fingerprint256: string | undefined
  readonly publicKey256: string | undefined
  readonly extendedKeyUsage: readonly string[] | undefined
  readonly policies: readonly string[] | undefined
  readonly keyUsage: readonly KeyUsage[] | undefined
  readonly isCa: boolean | undefined
  readonly authority: string | undefined
  readonly notBelieved: readonly ClaimKind[]
  readonly tolerated: readonly CertificateFlaw[]
  readonly source: 'tls' | 'forwarded'
  readonly chain: readonly PeerIdentity[] | undefined
  readonly via: readonly PeerIdentity[]
  readonly #der: Uint8Array | undefined
  /** The identity with all fields, if some of them are hidden here. */
  readonly #claims: Identity | undefined
  readonly #believedExtensions: readonly string[] | undefined
  /** Set when it is first needed. */
  #extensions: CertificateExtensions | undefined

  constructor (
    fields: IdentityFields,
    der: Uint8Array | undefined,
    {
      source = fields.source,
      chain = fields.chain,
      via = fields.via,
      authority = fields.authority
    }: PeerLinks = NO_LINKS,
    claims?: Identity,
    believedExtensions?: readonly string[]
  ) {
    this.subject = fields.subject
    this.issuer = fields.issuer
    this.subjectAltNames = fields.subjectAltNames
    this.spiffeId = fields.spiffeId
    this.serialNumber = fields.serialNumber
    this.notBefore = fields.notBefore
    this.notAfter = fields.notAfter
    this.fingerprint256 = fields.fingerprint256
    this.publicKey256 = fields.publicKey256
    this.extendedKeyUsage = fields.extendedKeyUsage
    this.policies = fields.policies
    this.keyUsage = fields.keyUsage
    this.isCa = fields.isCa
    this.authority = authority
    this.notBelieved = fields.notBelieved ?? NONE
    this.tolerated = fields.tolerated ?? NONE
    this.source = source
    this.chain = chain
    this.via = via
    this.#der = der
    this.#claims = claims
    this.#believedExtensions = believedExtensions
    Object.freeze(this)
  }

  get commonName (): string | undefined { return onlyText(this.subject, '2.5.4.3') }
  get organization (): string | undefined { return onlyText(this.subject, '2.5.4.10') }
  get organizationalUnit (): string | undefined { return onlyText(this.subject, '2.5.4.11') }
  get trustDomain (): string | undefined {
    return this.spiffeId === undefined ? undefined : parseSpiffeId(this.spiffeId).trustDomain
  }

  get qualified (): QualifiedStatements | undefined {
    return this.notBelieved.includes('qualified') ? undefined : this.#read()?.qualified
  }

  get admission (): readonly AdmittedProfession[] | undefined {
    return this.notBelieved.includes('admission') ? undefined : this.#read()?.admission
  }

  get believedExtensions (): readonly string[] | undefined { return this.#believedExtensions }

  extension (oid: string): CertificateExtension | null | undefined {
    const isBelieved = this.#believedExtensions?.includes(oid) ?? !this.notBelieved.includes('extension')
    return isBelieved ? this.#read()?.find(oid) : undefined
  }

  #read (): CertificateExtensions | undefined {
    if (this.#der === undefined) return undefined
    if (this.#claims !== undefined) return this.#claims.#read()
    this.#extensions ??= new CertificateExtensions(this.#der)
    return this.#extensions
  }

  // Bytes cannot be frozen, so each caller gets a copy.
  get raw (): Uint8Array | undefined {
    return this.#der === undefined ? undefined : new Uint8Array(this.#der)
  }

  toString (): string {
    const name = nameOf(this)
    const fingerprint = this.fingerprint256 === undefined ? '' : ` (sha256:${this.fingerprint256.slice(0, 16)})`
    const via = this.via.length === 0 ? '' : ` via ${nameOf(this.via[this.via.length - 1] as PeerIdentity)}`
    const room = MAX_TEXT - fingerprint.length
    const shortVia = clip(via, room >> 1)
    return `${clip(name, room - shortVia.length)}${fingerprint}${shortVia}`
  }

  toJSON (): object {
    const names = this.subjectAltNames
    return {
      ...this,
      subject: this.subject?.toString(),
      issuer: this.issuer?.toString(),
      subjectAltNames: names && {
        ...names,
        directoryName: names.directoryName.map(String),
        otherName: names.otherName.map(({ type, value }) => ({ type, value })),
        unknown: names.unknown.length === 0 ? undefined : names.unknown,
      },
      notBelieved: this.notBelieved.length === 0 ? undefined : this.notBelieved,
      tolerated: this.tolerated.length === 0 ? undefined : this.tolerated,
      chain: this.chain?.map((peer) => peer.toJSON()),
      via: this.via.map((peer) => peer.toJSON()),
    }
  }

  /** The same certificate with other links. The bytes are shared, since nothing can write to them. */
  static relink (peer: Identity, links: PeerLinks): PeerIdentity {
    const linked = new Identity(peer, peer.#der, links, peer.#claims, peer.#believedExtensions)
    linked.#extensions = peer.#extensions
    return linked
  }

  /** Hides the kinds that the authority does not vouch for. Starts from all fields, even if some are already hidden. */
  static limit (
    peer: Identity, authority: string, notBelieved: readonly ClaimKind[], extensions: readonly string[] | undefined
  ): PeerIdentity {
    const claims = peer.#claims ?? peer
    const { chain, source, via } = peer
    const links = { authority, chain, source, via }
    if (notBelieved.length === 0 && extensions === undefined && !hasUnreadable(claims)) {
      return Identity.relink(claims, links)
    }
    return new Identity(
      { ...claims, ...hideClaims(claims, notBelieved), notBelieved: Object.freeze([...notBelieved]) },
      claims.#der,
      links,
      claims,
      extensions && Object.freeze([...extensions])
    )
  }

  /** Why a claim cannot be read, although it may be in the certificate. */
  static flawOf (peer: Identity, claim: ExtensionClaim): string | undefined {
    return peer.#read()?.flawOf(claim)
  }

  /** Hides the kinds of alternative names of which some cannot be read. */
  static hideUnreadable (peer: Identity): PeerIdentity {
    if (!hasUnreadable(peer)) return peer
    return new Identity({ ...peer, ...hideClaims(peer, NONE) }, peer.#der, NO_LINKS, peer)
  }

  /** The identity with all fields. */
  static claimsOf (peer: Identity): PeerIdentity {
    return peer.#claims ?? peer
  }

  /** The identity's own bytes, without a copy. */
  static view (peer: Identity): Uint8Array | undefined {
    return peer.#der
  }

  static is (value: unknown): value is PeerIdentity {
    return typeof value === 'object' && value !== null && #der in value
  }
}

/** Whether a name of a tolerated kind cannot be read. */
function hasUnreadable ({ tolerated, subjectAltNames }: PeerIdentity): boolean {
  return tolerated.includes('alt-names') && (subjectAltNames?.unknown.length ?? 0) > 0
}

/** The fields of an identity without the hidden kinds. */
function hideClaims (
  { subject, spiffeId, subjectAltNames: all, policies, tolerated }: PeerIdentity,
  hidden: readonly ClaimKind[]
): Pick<PeerIdentity, 'subject' | 'spiffeId' | 'subjectAltNames' | 'policies'> {
  const subjectAltNames = all && tolerated.includes('alt-names') ? emptyUnknown(all) : all
  return {
    subject: hidden.includes('subject') ? undefined : subject,
    spiffeId: hidden.includes('spiffe') ? undefined : spiffeId,
    subjectAltNames: subjectAltNames && hideAltNames(subjectAltNames, hidden),
    policies: hidden.includes('policy') ? undefined : policies
  }
}

/** What is known of a peer in addition to its certificate. */
export type PeerLinks = { readonly [Link in 'source' | 'chain' | 'via' | 'authority']?: PeerIdentity[Link] | undefined }

/**
 * Makes an identity of the same certificate with another source, chain, gateways or authority, without parsing it
 * again. Missing links stay the same. For packages of this suite: the links are not checked.
 * @example
 * ```ts
 * const linked = relinkPeerIdentity(peer, { chain: [parsePeerIdentity(ca.der)] })
 * console.log(linked.chain?.length) // 1
 * ```
 */
export function relinkPeerIdentity (peer: PeerIdentity, links: PeerLinks): PeerIdentity {
  const { source, chain, via, authority } = links
  return Identity.relink(peer as Identity, {
    source,
    chain: chain && Object.freeze([...chain]),
    via: via && Object.freeze([...via]),
    authority
  })
}

/**
 * Makes an identity with only the names that its authority vouches for. The other kinds are unknown, as in a partial
 * identity, so that neither a rule on them nor its negation matches. For packages of this suite: the arguments are
 * not checked.
 *
 * @param notBelieved kinds that the authority does not vouch for
 * @param extensions OIDs of the extensions that it vouches for. Default: all, or none if `notBelieved` has `extension`
 * @example
 * ```ts
 * const limited = limitPeerIdentity(peer, 'partner', ['subject'])
 * console.log(limited.authority, limited.subject, limited.notBelieved) // partner undefined [ 'subject' ]
 * ```
 */
export function limitPeerIdentity (
  peer: PeerIdentity,
  authority: string,
  notBelieved: readonly ClaimKind[],
  extensions?: readonly string[]
): PeerIdentity {
  return Identity.limit(peer as Identity, authority, notBelieved, extensions)
}

/**
 * The identity with everything in the certificate, including names that its authority does not vouch for. For logs
 * and explanations only, never for decisions.
 * @example
 * ```ts
 * const limited = limitPeerIdentity(peer, 'partner', ['subject'])
 * console.log(limited.commonName, claimsOf(limited).commonName) // undefined alice
 * ```
 */
export function claimsOf (peer: PeerIdentity): PeerIdentity {
  return Identity.is(peer) ? Identity.claimsOf(peer as Identity) : peer
}

/**
 * Why a claim that is in an extension of its own is unknown: the extension is malformed. Undefined if it can be read,
 * if the certificate does not have it, and for a partial identity. For logs, explanations and the checks of trust.
 * @example
 * ```ts
 * const { der } = await ca.issue({ extensions: [{ oid: '1.3.36.8.3.3', value: Uint8Array.of(5, 0) }] })
 * console.log(flawOfClaim(parsePeerIdentity(der), 'admission')) // the extension 1.3.36.8.3.3 cannot be read: …
 * ```
 */
export function flawOfClaim (peer: PeerIdentity, claim: ExtensionClaim): string | undefined {
  return Identity.is(peer) ? Identity.flawOf(peer as Identity, claim) : undefined
}

/**
 * The DER of an identity without a copy; undefined for a partial one. For packages of this suite, which must not
 * write to it.
 * @example
 * ```ts
 * console.log(viewDer(peer)?.length === client.der.length) // true
 * ```
 */
export function viewDer (peer: PeerIdentity): Uint8Array | undefined {
  return Identity.view(peer as Identity)
}

/**
 * As {@link viewDer}, also for an identity of another copy of this package, whose bytes have to be copied. For what
 * only reads them: the fields of such an identity are not known to be those of its bytes.
 */
export function derOf (peer: PeerIdentity): Uint8Array | undefined {
  return isPeerIdentity(peer) ? viewDer(peer) : (peer as PeerIdentity).raw
}

/** An identity without the names of kinds of which some cannot be read, as rules may see it. */
export function hideUnreadable (peer: PeerIdentity): PeerIdentity {
  return Identity.hideUnreadable(peer as Identity)
}

/** Creates a frozen identity. The values of `fields` must be frozen already. `der` must not be shared. */
export function createIdentity (fields: IdentityFields, der: Uint8Array | undefined): PeerIdentity {
  return new Identity(fields, der)
}

/**
 * Whether this package made `value`. False for similar objects, copies, and identities of another installed copy of
 * this package.
 * @example
 * ```ts
 * console.log(isPeerIdentity(peer), isPeerIdentity({ ...peer })) // true false
 * ```
 */
export function isPeerIdentity (value: unknown): value is PeerIdentity {
  return Identity.is(value)
}

/**
 * The best name of the peer, on one line. Alternative names have no control characters, distinguished names are
 * escaped.
 */
function nameOf (peer: PeerIdentity): string {
  if (peer.spiffeId !== undefined) return peer.spiffeId
  const subject = peer.subject?.toString() ?? ''
  if (subject !== '') return subject
  const names = peer.subjectAltNames
  const first = names?.uri[0] ?? names?.dns[0] ?? names?.email[0] ?? names?.ip[0]
  if (first !== undefined) return first
  return peer.serialNumber === undefined ? 'unnamed' : `serial ${peer.serialNumber}`
}

/** The only text of a type. Undefined if there are several, since different readers could choose different ones. */
function onlyText (name: DistinguishedName | undefined, oid: string): string | undefined {
  const found = name?.rdns.flat().filter(({ type }) => type === oid) ?? []
  const [only] = found
  return found.length === 1 && only?.encoding !== 'other' ? only?.value : undefined
}
