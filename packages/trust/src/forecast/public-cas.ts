import { rootCertificates } from 'node:tls'
import { decodePem, matchDistinguishedNames, parsePeerIdentity } from '@peerkit/identity'
import type { DistinguishedName, PeerIdentity } from '@peerkit/identity'

/** The day from which a public CA issues no certificate with clientAuth. */
export interface ClientAuthStop {
  /** The day in UTC, `YYYY-MM-DD`. */
  readonly stopsOn: string
  /** The policy or announcement that sets the day. */
  readonly source: string
}

/** The operator of a public CA. */
export interface PublicOperator {
  readonly name: string
  readonly stop: ClientAuthStop
}

const CHROME: ClientAuthStop = { stopsOn: '2027-03-15', source: 'Chrome Root Program Policy' }
const LETS_ENCRYPT: ClientAuthStop = { stopsOn: '2026-05-13', source: 'announcement of Let\'s Encrypt' }
const DIGICERT: ClientAuthStop = { stopsOn: '2027-03-01', source: 'announcement of DigiCert' }

/**
 * The operators, by the organization (O) in the names of their CAs. Intermediates often have another organization than
 * their root, and an audit log contains only the name of the intermediate. Operators that announced no day have
 * Chrome's.
 */
const OPERATORS: ReadonlyArray<readonly [organization: RegExp, name: string, stop?: ClientAuthStop]> = [
  [/^let's encrypt$|^internet security research group$/, 'Let\'s Encrypt', LETS_ENCRYPT],
  [/^digicert\b/, 'DigiCert', DIGICERT],
  [/^sectigo\b|^comodo ca limited$|^the usertrust network$/, 'Sectigo'],
  [/^zerossl$/, 'ZeroSSL'],
  [/^globalsign\b/, 'GlobalSign'],
  [/^google trust services\b/, 'Google Trust Services'],
  [/^amazon$/, 'Amazon'],
  [/^godaddy\.com, inc\.$|^starfield technologies, inc\.$/, 'GoDaddy'],
  [/^entrust\b/, 'Entrust'],
  [/^buypass\b/, 'Buypass'],
  [/^ssl corp(oration)?$/, 'SSL.com'],
  [/^microsoft corporation$/, 'Microsoft'],
  [/^identrust\b/, 'IdenTrust'],
  [/^geant vereniging$/, 'GEANT']
]

/**
 * Finds the operator of a public CA by the organization (O) in its name; undefined if it is not in the table.
 *
 * @example
 * ```ts
 * console.log(findOperator('DigiCert Inc')) // { name: 'DigiCert', stop: { stopsOn: '2027-03-01', source: … } }
 * ```
 */
export function findOperator (organization: string | undefined): PublicOperator | undefined {
  const text = organization?.trim().replace(/\u2019/g, '\'').toLowerCase()
  if (text === undefined) return undefined
  const [, name, stop = CHROME] = OPERATORS.find(([pattern]) => pattern.test(text)) ?? []
  return name === undefined ? undefined : { name, stop }
}

/**
 * Makes the operator of a public root that is not in the table. The day of Chrome's policy applies to all roots.
 *
 * @example
 * ```ts
 * console.log(otherOperator('Example Trust').stop.stopsOn) // 2027-03-15
 * ```
 */
export function otherOperator (name: string): PublicOperator {
  return { name, stop: CHROME }
}

/** The first moment of the day, in milliseconds since the epoch. */
export function startOf ({ stopsOn }: ClientAuthStop): number {
  return Date.parse(`${stopsOn}T00:00:00Z`)
}

/**
 * Returns the last day on which a renewal can have clientAuth, as `YYYY-MM-DD`.
 *
 * @example
 * ```ts
 * console.log(lastDayBefore(otherOperator('Example Trust').stop)) // 2027-03-14
 * ```
 */
export function lastDayBefore (stop: ClientAuthStop): string {
  return new Date(startOf(stop) - 86_400_000).toISOString().slice(0, 10)
}

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
