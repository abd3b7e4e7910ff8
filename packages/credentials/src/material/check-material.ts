import type { PeerIdentity } from '@peerkit/identity'
import { checkAuthority, refuseSharedAnchors } from '../authority/check-authority.ts'
import type { CheckedAuthority } from '../authority/check-authority.ts'
import { listAuthorities } from '../authority/list-authorities.ts'
import { SYSTEM_CLOCK } from '../clock.ts'
import type { CredentialSnapshot, TrustSnapshot } from '../sources/credential-snapshot.ts'
import { describeCaNames, describeTwins } from './check-anchors.ts'
import { checkOwn, checkOwnChain, neededCertificates } from './check-own.ts'
import type { CheckedOwn } from './check-own.ts'
import type { CheckOptions, CredentialMaterial, Origins } from './material.ts'
import { hasIssued, identitiesOf, parseCertificate } from './parsed-certificate.ts'
import type { OwnCredentials, ParsedCertificate } from './parsed-certificate.ts'
import { blame, checkPart } from './part.ts'
import type { Part } from './part.ts'
import { readOwn } from './read-own.ts'

/** Trusted CAs and CRLs that passed every check. */
export interface CheckedTrust {
  readonly authorities: readonly CheckedAuthority[]
  /** Identifies all authorities. While it is unchanged, the trust is unchanged. */
  readonly trust: string
  readonly warnings: readonly string[]
}

/** Parts that were checked before, in slices. */
interface Ready {
  /** Undefined: our certificate and key stay as they are in use. */
  readonly own?: OwnCredentials | undefined
  /** In the order in which they are tried. */
  readonly authorities: readonly CheckedAuthority[]
}

/** Material that passed every check. */
export interface CheckedMaterial extends CheckedTrust, CheckedOwn {
  /** Leaf first. */
  readonly certificates: readonly [PeerIdentity, ...PeerIdentity[]]
  /** The option `sendCaNames`. */
  readonly sendCaNames: boolean
}

export interface TrustContext {
  readonly origins: Origins
  readonly options: CheckOptions
  /** Digests of the CRLs by authority, if they are known already. Hashing a large CRL takes time. */
  readonly crlDigests?: ReadonlyMap<string, readonly string[]> | undefined
  /** The snapshot in use. */
  readonly previous?: TrustSnapshot | undefined
  /** Parts that stay as they are in use, whatever the material contains. */
  readonly kept?: KeptParts | undefined
  /** Checked before. The material is not read then. */
  readonly ready?: Ready | undefined
  /** Whether the names of the CAs are not sent if they are too many. Default: then everything is refused. */
  readonly mayLeaveOutNames?: boolean | undefined
}

interface KeptParts {
  readonly parts: ReadonlySet<Part>
  /** The checked material in use. */
  readonly inForce: CheckedTrust
}

export interface MaterialContext extends TrustContext {
  readonly previous: CredentialSnapshot | undefined
}

/**
 * Checks all material, and throws the first error. A caller that accepts parts separately calls again with the refused
 * part in `kept`.
 *
 * @throws CredentialsOptionError, CredentialsRefusedError
 */
export function checkMaterial (material: CredentialMaterial, context: MaterialContext): CheckedMaterial {
  const { origins, options, kept, ready } = context
  const now = (options.clock ?? SYSTEM_CLOCK).now()
  const former = kept?.parts.has(undefined) === true ? kept.inForce as CheckedMaterial : undefined
  const given = former === undefined ? ready?.own ?? readOwn(material, origins) : undefined
  const formerCertificates = former?.certificates.map(parseCertificate) as unknown as OwnCredentials['certificates']
  const certificates = given?.certificates ?? formerCertificates
  const ownIssuers = identitiesOf(certificates).filter(({ isCa }) => isCa === true)
  const listed = ready?.authorities ?? readAuthorities(material, context, ownIssuers)
  const { authorities, trust, warnings } = checkTogether(listed, context.previous)
  const anchors = authorities.flatMap((authority) => authority.anchors)
  const ownOrigins = material.pfx === undefined ? origins : { ...origins, cert: origins.pfx, key: origins.pfx }
  const ownContext = { ...context, origins: ownOrigins }
  const { key, ownWarnings } = former ?? checkOwn(given as OwnCredentials, anchors, now, ownContext)
  const joint = checkJoint(certificates, authorities, ownContext)
  const names = checkNamesSent(authorities, context)
  return {
    certificates: identitiesOf(certificates) as [PeerIdentity, ...PeerIdentity[]],
    key,
    sendCaNames: names.areSent,
    ownWarnings,
    authorities,
    trust,
    warnings: [...warnings, ...ownWarnings, ...joint, ...names.warnings]
  }
}

/** Whether a server sends the names of the CAs of clients, and why not. @throws CredentialsRefusedError */
function checkNamesSent (
  authorities: readonly CheckedAuthority[], { options: { use, sendCaNames }, mayLeaveOutNames }: MaterialContext
): { readonly areSent: boolean, readonly warnings: readonly string[] } {
  const areSent = sendCaNames !== false
  if (use === 'client' || !areSent) return { areSent, warnings: [] }
  const where = authorities.filter(({ options }) => options.for !== 'servers').map(({ caOrigin }) => caOrigin)
  const problem = describeCaNames(namesSent(authorities), where)
  if (problem === undefined) return { areSent, warnings: [] }
  if (mayLeaveOutNames !== true || sendCaNames === true) throw problem.error
  const effect = 'so servers send none, and clients with several certificates cannot choose by CA'
  return { areSent: false, warnings: [`${problem.found}, which do not fit into a TLS message, ${effect}`] }
}

/** The CAs whose names a server sends: `secureContextOptions` gives OpenSSL those of all authorities for clients. */
function namesSent (authorities: readonly CheckedAuthority[]): PeerIdentity[] {
  const asked = authorities.filter(({ options }) => options.for !== 'servers')
  const anchors = asked.flatMap(({ anchors: own }) => identitiesOf(own))
  return [
    ...new Map(anchors.map((anchor) => [anchor.fingerprint256, anchor])).values(),
    ...authorities.flatMap(({ intermediates }) => intermediates)
  ]
}

/**
 * Checks the trusted CAs.
 *
 * @throws CredentialsOptionError, CredentialsRefusedError
 */
export function checkTrust (material: CredentialMaterial, context: TrustContext): CheckedTrust {
  return checkTogether(context.ready?.authorities ?? readAuthorities(material, context, []), context.previous)
}

function readAuthorities (
  material: CredentialMaterial, { origins, options, crlDigests, kept }: TrustContext,
  ownIssuers: readonly PeerIdentity[]
): readonly CheckedAuthority[] {
  const now = (options.clock ?? SYSTEM_CLOCK).now()
  const keptAuthorities = kept?.inForce.authorities.filter(({ name }) => kept.parts.has(name))
  const former = new Map(keptAuthorities?.map((authority) => [authority.name, authority]))
  return listAuthorities(material, options, origins, crlDigests)
    .map((input) => former.get(input.name) ?? checkPart(input.name, () => checkAuthority(input, ownIssuers, now)))
}

/** Checks whether the authorities fit together. @throws CredentialsRefusedError */
function checkTogether (
  authorities: readonly CheckedAuthority[], previous: TrustSnapshot | undefined
): CheckedTrust {
  refuseSharedAnchors(authorities, previous?.authorities)
  const placed = authorities.flatMap(({ caOrigin, anchors }) => {
    return anchors.map(({ identity }) => ({ identity, where: caOrigin }))
  })
  return {
    authorities,
    trust: JSON.stringify(authorities.map((authority) => authority.trust)),
    warnings: [...authorities.flatMap((authority) => authority.warnings), ...describeTwins(placed)]
  }
}

/**
 * Checks whether our certificate and the trusted CAs fit together. If our certificate stays as it is, the authority
 * that lost its CA is refused.
 *
 * @returns warnings
 * @throws CredentialsRefusedError
 */
function checkJoint (
  certificates: OwnCredentials['certificates'], authorities: readonly CheckedAuthority[],
  { origins, options, previous, kept }: MaterialContext
): string[] {
  const anchors = authorities.flatMap((authority) => authority.anchors)
  const needed = neededCertificates(identitiesOf(certificates), identitiesOf(anchors))
  const chain = certificates.slice(0, needed.length)
  try {
    const own = { certificates: chain, anchors, presented: previous?.intermediates ?? [] }
    const warning = checkOwnChain(own, origins.cert, options.chain ?? 'reported')
    return [...(warning === undefined ? [] : [warning]), ...describeOutside(certificates, authorities, origins.cert)]
  } catch (error) {
    if (kept?.parts.has(undefined) !== true || previous === undefined) throw error
    const had = previous.authorities.filter((authority) => {
      const known = authority.anchors.map(parseCertificate)
      return certificates.some((certificate) => isBelow(certificate, known))
    })
    throw blame(error as Error, had.map(({ name }) => name))
  }
}

function isBelow (certificate: ParsedCertificate, anchors: readonly ParsedCertificate[]): boolean {
  const { fingerprint256 } = certificate.identity
  return anchors.some((anchor) => anchor.identity.fingerprint256 === fingerprint256 || hasIssued(anchor, certificate))
}

/** Warns of a name in our certificate that our authority may not issue. Peers with the same options reject it. */
function describeOutside (
  certificates: OwnCredentials['certificates'], authorities: readonly CheckedAuthority[], where: string
): string[] {
  const [last, leaf] = [certificates.at(-1) as ParsedCertificate, certificates[0].identity]
  const above = authorities.filter(({ anchors }) => isBelow(last, anchors))
  const [authority] = above
  const outside = authority?.options.bounds.findOutside(leaf)
  if (authority === undefined || outside === undefined) return []
  // Several authorities for X.509-SVIDs may share a CA.
  if (above.some(({ options: { bounds } }) => bounds.findOutside(leaf) === undefined)) return []
  const { kind, name, bound } = outside
  const limit = `which is outside of what authority "${authority.name}" vouches for (${kind}: ${bound})`
  // Our own certificate is read strictly, so it has no name that cannot be read.
  const problem = `${where}: ${String(leaf)} has the name ${JSON.stringify(name)}, ${limit}`
  return [`${problem}; peers with the same options reject it`]
}
