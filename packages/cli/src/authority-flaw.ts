import { X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { parsePeerIdentity } from '@peerkit/identity'
import { findIssuer } from '@peerkit/trust'
import { describeUnreadableCa } from './server-chain.ts'

export type AuthorityOption = 'ca' | 'intermediates' | 'crlIssuers'

/** What is wrong with a CA certificate. */
export interface AuthorityFlaw {
  readonly found: string
  readonly expected: string
}

/**
 * Why the credentials of the plugins would refuse a certificate in this option; undefined where they take it.
 *
 * @param roots where roots belong, for the text: `--ca`
 */
export function findAuthorityFlaw (option: AuthorityOption, der: Uint8Array, roots: string): AuthorityFlaw | undefined {
  const unreadable = describeUnreadableCa(der)
  if (unreadable !== undefined) return { found: unreadable, expected: 'a CA certificate' }
  const identity = parsePeerIdentity(der)
  try {
    const x509 = new X509Certificate(der)
    if (identity.isCa !== true || !x509.ca) {
      return { found: `${String(identity)}, which is no CA certificate,`, expected: 'CA certificates alone' }
    }
    if (option === 'ca') return findWeakKey(String(identity), x509.publicKey)
    if (option === 'crlIssuers' || findIssuer(identity, [identity]) === undefined) return undefined
  } catch (error) {
    return { found: (error as Error).message, expected: 'a CA certificate' }
  }
  return {
    found: `the root ${String(identity)}`,
    expected: `intermediate CA certificates alone (roots belong in ${roots})`
  }
}

/** The trust package takes curves of 224 bits; the credentials do not, for whom we trust. RSA is measured by both. */
function findWeakKey (name: string, { asymmetricKeyType, asymmetricKeyDetails }: KeyObject): AuthorityFlaw | undefined {
  const { namedCurve = '' } = asymmetricKeyDetails ?? {}
  // The size is part of every curve's name, as the credentials read it.
  if (asymmetricKeyType !== 'ec' || Number(/\d{3}/.exec(namedCurve)?.[0] ?? 0) >= 256) return undefined
  const curve = namedCurve === '' ? 'a curve without a name' : namedCurve
  return { found: `a key of ${name} on ${curve}`, expected: 'EC of 256 bits or better' }
}
