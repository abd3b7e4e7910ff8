import { foldName } from './header-collector.ts'

/** A request as `node:http` and `node:http2` have it. */
export interface StrippableMessage {
  readonly rawHeaders: string[]
  readonly headers: object
  readonly headersDistinct?: object
}

/**
 * Removes headers from a request, under every spelling that folds to one of the names: from `rawHeaders`, `headers` and `headersDistinct`, so that nothing that runs later can believe them.
 *
 * @param names in lower case
 */
export function stripHeaders (message: StrippableMessage, names: readonly string[]): void {
  const folded = new Set(names.map(foldName))
  // Node makes these two from the raw ones when they are first read, and counts on their number: they are read before those shrink.
  for (const headers of [message.headers, message.headersDistinct]) {
    for (const name of Object.keys(headers ?? {})) {
      if (folded.has(foldName(name))) delete (headers as Record<string, unknown>)[name]
    }
  }
  const { rawHeaders } = message
  for (let index = rawHeaders.length - 2; index >= 0; index -= 2) {
    if (folded.has(foldName(rawHeaders[index] as string))) rawHeaders.splice(index, 2)
  }
}
