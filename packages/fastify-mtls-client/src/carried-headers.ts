import type { FastifyRequest } from 'fastify'

/** What a call carries on of the request in whose name it is made. */
export interface CarryOptions {
  /** The header for the request's id, or false for none. */
  readonly requestIdHeader: string | false
  /** Further headers that are passed on as they came, lower-case. */
  readonly carry: readonly string[]
}

/** W3C Trace Context section 3.2: version, trace-id, parent-id, flags; neither id all zeros; version ff is none. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/

/** Headers of the request being answered for a call in its name: trace context, the request's id, and what else was asked for. */
export function carryHeaders (request: FastifyRequest, { requestIdHeader, carry }: CarryOptions): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {}
  if (requestIdHeader !== false) headers[requestIdHeader] = String(request.id)
  for (const name of carry) {
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
