import { fetch as undiciFetch } from 'undici'
import type { Dispatcher } from 'undici'

/** A `fetch` that sends through a dispatcher. */
export function fetchThrough (dispatcher: Dispatcher | undefined): typeof fetch {
  return (async (input: string, init: object) => {
    return await undiciFetch(input, { ...init, ...(dispatcher !== undefined && { dispatcher }) })
  }) as unknown as typeof fetch
}
