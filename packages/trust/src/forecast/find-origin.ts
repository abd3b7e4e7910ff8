import { matchDistinguishedNames } from '@peerkit/identity'
import type { DistinguishedName, PeerIdentity } from '@peerkit/identity'
import { climbChain, findIssuer } from '../path/issuers.ts'
import { otherOperator } from './public-cas.ts'
import type { PublicOperator, PublicRoots } from './public-cas.ts'

/** Whether a certificate comes from a public CA, and the evidence for it. */
export interface Origin {
  readonly kind: 'public' | 'private'
  /**
   * - `signature`: signatures lead to a public root, or to a root that is not public
   * - `issuer_name`: only the name of an issuer is known
   * - `none`: there is no evidence that it is public
   */
  readonly evidence: 'signature' | 'issuer_name' | 'none'
  /** The operator of the public CA. */
  readonly operator: PublicOperator | undefined
  /** The issuers as far as signatures lead, the nearest first. */
  readonly path: readonly PeerIdentity[]
}

/**
 * Finds whether a certificate was issued by a public CA, by verifying signatures up to a root.
 *
 * @param certificate the certificate
 * @param others CA certificates that may be its issuers
 * @param roots the public roots
 * @example
 * ```ts
 * const { kind, evidence } = findOrigin(peer, [parsePeerIdentity(ca.der)], bundledRoots())
 * console.log(kind, evidence) // private signature
 * ```
 */
export function findOrigin (certificate: PeerIdentity, others: readonly PeerIdentity[], roots: PublicRoots): Origin {
  if (roots.holds(certificate)) return ofPublic([certificate], roots, [])
  // Roots first, so that the search ends at a public root and does not follow cross-certificates of it.
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
 * Like `findOrigin`, if only the name of the issuer is known, such as from an audit log.
 *
 * @param issuer the name of the issuer
 * @param authorities known CA certificates; the origin of the one with this name is used
 * @param roots the public roots
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
  // The name alone does not prove that this CA signed the certificate.
  return { ...findOrigin(known, authorities, roots), evidence: 'issuer_name', path: [] }
}

/** Returns the operator of the nearest issuer that has a known one. It decides what is issued, not the CA above it. */
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
