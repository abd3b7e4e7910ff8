import type { FastifyRequest } from 'fastify'

/**
 * Whether a request may have come from a page of another site. A browser says so by Sec-Fetch-Site, older ones by Origin; a script of an operator sends neither. Nothing is changed here by any
 * request: this keeps another site's page from making the operator's browser ask.
 */
export function isForeign ({ headers, host }: Pick<FastifyRequest, 'headers' | 'host'>): boolean {
  const { origin, 'sec-fetch-site': site } = headers
  if (site !== undefined) return site !== 'same-origin'
  return origin !== undefined && origin !== `https://${host}`
}
