import type { FastifyRequest } from 'fastify'

/**
 * Whether a request may come from a page of another site. Browsers send Sec-Fetch-Site, older ones Origin. Scripts of
 * operators send neither. No request changes anything; this check stops other sites from using the operator's browser.
 */
export function isForeign ({ headers, host }: Pick<FastifyRequest, 'headers' | 'host'>): boolean {
  const { origin, 'sec-fetch-site': site } = headers
  if (site !== undefined) return site !== 'same-origin'
  return origin !== undefined && origin !== `https://${host}`
}
