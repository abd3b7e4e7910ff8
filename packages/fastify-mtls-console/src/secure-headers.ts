import type { FastifyReply } from 'fastify'

const HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  // With no-referrer a form's Origin would be null, and our own no longer be told from another's.
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()'
}

/**
 * What every answer of the console carries. Scripts and styles run by the page's nonce alone, whatever else this origin serves; the policy `peerkit-console` is the script's one way from text to markup, and it
 * makes documents that nothing runs in.
 *
 * @param nonce undefined for what is no page
 */
export function secureHeaders (reply: FastifyReply, nonce?: string): void {
  const own = nonce === undefined ? '' : `; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; img-src 'self'; connect-src 'self'; form-action 'self'; require-trusted-types-for 'script'; trusted-types peerkit-console`
  reply.headers({ ...HEADERS, 'content-security-policy': `default-src 'none'; base-uri 'none'; frame-ancestors 'none'${own === '' ? "; form-action 'none'" : own}` })
}
