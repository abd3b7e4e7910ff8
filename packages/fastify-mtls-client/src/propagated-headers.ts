import type { FastifyRequest } from 'fastify'

/** Which headers of a request go along with the calls that are made for it. */
export interface PropagateOptions {
  /** The header for the request's id, or false for none. */
  readonly requestIdHeader: string | false
  /** Names of further headers that are passed on, in lower case. */
  readonly names: readonly string[]
}

/** W3C Trace Context section 3.2: version, trace-id, parent-id, flags; neither id all zeros; version ff is none. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/

/** The headers of a request that go along with a call for it: trace context, the id of the request, and those of the option `propagateHeaders`. */
export function propagateHeaders (request: FastifyRequest, { requestIdHeader, names }: PropagateOptions): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {}
  if (requestIdHeader !== false) headers[requestIdHeader] = String(request.id)
  for (const name of names) {
    const value = request.headers[name]
    if (typeof value === 'string') headers[name] = value
  }
  const { traceparent, tracestate } = request.headers
  // An invalid traceparent is no trace, and a tracestate without one means nothing (section 3.3.1).
  if (typeof traceparent === 'string' && TRACEPARENT.test(traceparent)) {
    headers['traceparent'] = traceparent
    if (typeof tracestate === 'string') headers['tracestate'] = tracestate
  }
  return Object.freeze(headers)
}
