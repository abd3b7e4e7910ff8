import { X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { parsePeerIdentity } from '@peerkit/identity'
import { findIssuer } from '@peerkit/trust'
import { describeUnreadableCa } from './server-chain.ts'

export type AuthorityOption = 'ca' | 'intermediates' | 'crlIssuers'

/** Why a CA certificate is refused. */
export interface AuthorityFlaw {
  readonly found: string
  readonly expected: string
}

/**
 * Checks a CA certificate as the credentials of the plugins do.
 *
 * @param roots the option for roots, for the message: `--ca`
 * @returns why it would be refused in this option; undefined if it is accepted
 */
export function findAuthorityFlaw (option: AuthorityOption, der: Uint8Array, roots: string): AuthorityFlaw | undefined {
  const unreadable = describeUnreadableCa(der)
  if (unreadable !== undefined) return { found: unreadable, expected: 'a CA certificate' }
  const identity = parsePeerIdentity(der)
  try {
    const x509 = new X509Certificate(der)
    if (identity.isCa !== true || !x509.ca) {
      return { found: `${String(identity)}, which is not a CA certificate,`, expected: 'only CA certificates' }
    }
    if (option === 'ca') return findWeakKey(String(identity), x509.publicKey)
    if (option === 'crlIssuers' || findIssuer(identity, [identity]) === undefined) return undefined
  } catch (error) {
    return { found: (error as Error).message, expected: 'a CA certificate' }
  }
  return {
    found: `the root ${String(identity)}`,
    expected: `only intermediate CA certificates (roots belong in ${roots})`
  }
}

/** `@peerkit/trust` accepts curves of 224 bits, the credentials refuse them for CAs. Both check RSA. */
function findWeakKey (name: string, { asymmetricKeyType, asymmetricKeyDetails }: KeyObject): AuthorityFlaw | undefined {
  const { namedCurve = '' } = asymmetricKeyDetails ?? {}
  // The name of every curve has its size. The credentials read it in the same way.
  if (asymmetricKeyType !== 'ec' || Number(/\d{3}/.exec(namedCurve)?.[0] ?? 0) >= 256) return undefined
  const curve = namedCurve === '' ? 'a curve without a name' : namedCurve
  return { found: `a key of ${name} on ${curve}`, expected: 'EC of 256 bits or better' }
}
