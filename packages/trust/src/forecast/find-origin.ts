import { matchDistinguishedNames } from '@peerkit/identity'
import type { DistinguishedName, PeerIdentity } from '@peerkit/identity'
import { climbChain, findIssuer } from '../path/issuers.ts'
import { otherOperator } from './public-operators.ts'
import type { PublicOperator } from './public-operators.ts'
import type { PublicRoots } from './public-roots.ts'

/** Where a certificate comes from, and how that is known. */
export interface Origin {
  readonly kind: 'public' | 'private'
  /**
   * - `signature`: signatures lead to a root: a public one, or one that is not public
   * - `issuer_name`: an issuer's name says so, and nothing else
   * - `none`: nothing says that it is public
   */
  readonly evidence: 'signature' | 'issuer_name' | 'none'
  /** Of a public one. */
  readonly operator: PublicOperator | undefined
  /** Its issuers as far as signatures lead, nearest first. */
  readonly path: readonly PeerIdentity[]
}

/**
 * @param others CA certificates that may be its issuers
 * @example
 * ```ts
 * const { kind, evidence } = findOrigin(peer, [parsePeerIdentity(ca.der)], bundledRoots())
 * console.log(kind, evidence) // private signature
 * ```
 */
export function findOrigin (certificate: PeerIdentity, others: readonly PeerIdentity[], roots: PublicRoots): Origin {
  if (roots.holds(certificate)) return ofPublic([certificate], roots, [])
  // Roots first: a climb then ends at a root, and not at one of the CAs that have signed it too.
  const path = climbChain(certificate, [...roots.certificates, ...others])
  const top = path.findIndex((issuer) => roots.holds(issuer))
  if (top >= 0) return ofPublic(path.slice(0, top + 1), roots, path.slice(0, top + 1))
  const last = path.at(-1) ?? certificate
  if (findIssuer(last, [last]) !== undefined) {
    return { kind: 'private', evidence: 'signature', operator: undefined, path }
  }
  return ofName([certificate.issuer, ...path.map(({ issuer }) => issuer)], roots, path)
}

/**
 * For an audit log, which holds the name of the issuer and no certificate.
 *
 * @param authorities known CA certificates: if one bears the name, its origin counts
 * @example
 * ```ts
 * const issuer = parseDistinguishedName("CN=R11,O=Let's Encrypt,C=US")
 * const { kind, operator } = findOriginByName(issuer, [], bundledRoots())
 * console.log(kind, operator?.name) // public Let's Encrypt
 * ```
 */
export function findOriginByName (
  issuer: DistinguishedName | undefined, authorities: readonly PeerIdentity[], roots: PublicRoots
): Origin {
  const known = authorities.find(({ subject }) =>
    subject !== undefined && issuer !== undefined && matchDistinguishedNames(subject, issuer))
  if (known === undefined) return ofName([issuer], roots, [])
  // The name alone does not say that this CA signed it.
  return { ...findOrigin(known, authorities, roots), evidence: 'issuer_name', path: [] }
}

/** The nearest issuer whose operator is known counts: he decides what is issued, and not who signed his CA. */
function ofPublic (issuers: readonly PeerIdentity[], roots: PublicRoots, path: readonly PeerIdentity[]): Origin {
  const known = issuers.flatMap(({ subject }) => roots.operatorOf(subject) ?? [])
  const [operator] = [...known, otherOperator(String(issuers.at(-1)?.subject))]
  return { kind: 'public', evidence: 'signature', operator, path }
}

function ofName (
  names: ReadonlyArray<DistinguishedName | undefined>, roots: PublicRoots, path: readonly PeerIdentity[]
): Origin {
  const operator = names.map((name) => roots.operatorOf(name)).find((known) => known !== undefined)
  return operator === undefined
    ? { kind: 'private', evidence: 'none', operator, path }
    : { kind: 'public', evidence: 'issuer_name', operator, path }
}
