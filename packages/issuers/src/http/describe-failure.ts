import { messageOf } from '@peerkit/identity/internal'

/** The codes of OpenSSL for a chain that leads to no CA that is trusted. */
const UNKNOWN_CA: ReadonlySet<unknown> = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'CERT_SIGNATURE_FAILURE'
])

/**
 * Why a call got no answer, in words. For a server of an unknown CA, Node advises an option of its command line, which
 * has no effect on a connection that has its own CAs. So the option that decides is named instead.
 *
 * @param trusted whom the server's certificate must lead to: `a CA of the option ca`
 */
export function describeFailure (error: unknown, trusted: string): string {
  const { code } = (error ?? {}) as { readonly code?: unknown }
  return UNKNOWN_CA.has(code)
    ? `the certificate of the server leads to no trusted CA (${String(code)}); expected ${trusted}`
    : messageOf(error)
}
