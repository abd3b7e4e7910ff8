import type { fetch as undiciFetch } from 'undici'

export type Fetch = typeof undiciFetch

/**
 * Sends by fetch, and throws the outbound error itself, as undici's `request` does. Fetch hides it as the cause of
 * "fetch failed", which Fastify would answer with 500 and without a code.
 */
export async function fetchPlainly (fetch: Fetch, ...args: Parameters<Fetch>): ReturnType<Fetch> {
  try {
    return await fetch(...args)
  } catch (error) {
    throw isOutbound((error as Error).cause) ? (error as Error).cause : error
  }
}

function isOutbound (cause: unknown): boolean {
  const { code } = Object(cause) as { readonly code?: unknown }
  return typeof code === 'string' && code.startsWith('MTLS_ERR_')
}
