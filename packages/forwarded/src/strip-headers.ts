import { foldName } from './header-collector.ts'

/** The headers of a request, as in `http.IncomingMessage` and `http2.Http2ServerRequest`. */
export interface StrippableMessage {
  readonly rawHeaders: string[]
  readonly headers: object
  readonly headersDistinct?: object
}

/**
 * Removes headers from a request: from `rawHeaders`, `headers` and `headersDistinct`, in every spelling. Spellings are
 * the same if they differ only in case or in the characters between letters and digits (`client_cert`, `Client-Cert`).
 *
 * @param message the request; it is changed in place
 * @param names names to remove, in lower case; usually `reader.headerNames`
 * @example
 * ```ts
 * const headers: Record<string, string> = { host: 'a.example', client_cert: 'forged' }
 * stripHeaders({ rawHeaders: ['Host', 'a.example', 'Client_Cert', 'forged'], headers }, ['client-cert'])
 * console.log(Object.keys(headers)) // [ 'host' ]
 * ```
 */
export function stripHeaders (message: StrippableMessage, names: readonly string[]): void {
  const folded = new Set(names.map(foldName))
  // Node computes these two from rawHeaders on first access, and relies on its length. Read them before it shrinks.
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
