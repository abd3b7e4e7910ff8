import { rootCertificates } from 'node:tls'
import { decodePem, matchDistinguishedNames, parsePeerIdentity } from '@peerkit/identity'
import type { DistinguishedName, PeerIdentity } from '@peerkit/identity'
import { findOperator, otherOperator } from './public-operators.ts'
import type { PublicOperator } from './public-operators.ts'

/** The public roots, which web browsers trust. */
export interface PublicRoots {
  readonly certificates: readonly PeerIdentity[]
  /** Whether a certificate has the name and key of a public root. It may be a cross-certificate of the root. */
  holds (certificate: PeerIdentity): boolean
  /** The operator of a CA by its name only; undefined if it is not known as a public CA. */
  operatorOf (name: DistinguishedName | undefined): PublicOperator | undefined
}

/**
 * Reads public roots from their certificates in DER.
 *
 * @example
 * ```ts
 * const roots = readPublicRoots([ca.der])
 * console.log(roots.holds(parsePeerIdentity(ca.der))) // true
 * ```
 */
export function readPublicRoots (ders: readonly Uint8Array[]): PublicRoots {
  const certificates = ders.map((der) => parsePeerIdentity(der))
  const byKey = new Map<string | undefined, PeerIdentity[]>()
  for (const root of certificates) byKey.set(root.publicKey256, [...byKey.get(root.publicKey256) ?? [], root])
  const organizations = new Set(certificates.map(({ subject }) => subject?.organization))
  return {
    certificates,
    holds: ({ subject, publicKey256 }) =>
      (byKey.get(publicKey256) ?? []).some((root) => areOne(root.subject, subject)),
    operatorOf: (name) => {
      if (name === undefined) return undefined
      const { organization } = name
      const operator = findOperator(organization)
      if (operator !== undefined) return operator
      if (organization !== undefined) return organizations.has(organization) ? otherOperator(organization) : undefined
      return certificates.some(({ subject }) => areOne(subject, name)) ? otherOperator(String(name)) : undefined
    }
  }
}

function areOne (one: DistinguishedName | undefined, other: DistinguishedName | undefined): boolean {
  return one !== undefined && other !== undefined && matchDistinguishedNames(one, other)
}

let bundled: PublicRoots | undefined

/**
 * Returns the public roots of Node, which are Mozilla's list. They are parsed once.
 *
 * @example
 * ```ts
 * const roots = bundledRoots()
 * console.log(roots.certificates.length, roots.holds(parsePeerIdentity(ca.der))) // more than 100, false
 * ```
 */
export function bundledRoots (): PublicRoots {
  bundled ??= readPublicRoots(rootCertificates.flatMap((pem) => decodePem(pem)))
  return bundled
}
