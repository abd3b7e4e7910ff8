import type { FastifyReply } from 'fastify'

const HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  // With no-referrer the Origin of a form would be null, so forms of the console could not be recognized.
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()'
}

/**
 * Sets the security headers of an answer. Only scripts and styles with the nonce of the page run, whatever else this
 * origin serves. With Trusted Types the script can parse markup only with the policy `peerkit-console`, into inert
 * documents.
 *
 * @param nonce undefined for an answer that is not a page
 */
export function secureHeaders (reply: FastifyReply, nonce?: string): void {
  const own = nonce === undefined
    ? ''
    : `; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; img-src 'self'; ` +
    'connect-src \'self\'; form-action \'self\'; require-trusted-types-for \'script\'; trusted-types peerkit-console'
  reply.headers({
    ...HEADERS,
    'content-security-policy': 'default-src \'none\'; base-uri \'none\'; frame-ancestors ' +
    `'none'${own === '' ? "; form-action 'none'" : own}`
  })
}
