import type { FastifyRequest } from 'fastify'

/** Which headers of an incoming request are forwarded. */
export interface PropagateOptions {
  /** The header for the request's id, or false for none. */
  readonly requestIdHeader: string | false
  /** Names of more headers to forward, in lower case. */
  readonly names: readonly string[]
}

/**
 * W3C Trace Context section 3.2: version, trace-id, parent-id, flags. Neither id is all zeros. Version ff is invalid.
 */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/

/**
 * Returns the headers of an incoming request to forward: trace context, the request's id, and those of the option
 * `propagateHeaders`.
 */
export function propagateHeaders (
  request: FastifyRequest, { requestIdHeader, names }: PropagateOptions
): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {}
  if (requestIdHeader !== false) headers[requestIdHeader] = String(request.id)
  for (const name of names) {
    const value = request.headers[name]
    if (typeof value === 'string') headers[name] = value
  }
  const { traceparent, tracestate } = request.headers
  // A tracestate without a valid traceparent has no meaning (section 3.3.1).
  if (typeof traceparent === 'string' && TRACEPARENT.test(traceparent)) {
    headers['traceparent'] = traceparent
    if (typeof tracestate === 'string') headers['tracestate'] = tracestate
  }
  return Object.freeze(headers)
}
