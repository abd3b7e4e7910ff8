import type { FastifyRequest } from 'fastify'

/** Which headers of an incoming request are forwarded. */
export interface PropagateOptions {
  /** The header for the request's id, or false for none. */
  readonly requestIdHeader: string | false
  /** Names of more headers to forward, in lower case. */
  readonly names: readonly string[]
  /** Whether to forward the trace context. */
  readonly trace: boolean
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
  request: FastifyRequest, { requestIdHeader, names, trace }: PropagateOptions
): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {}
  if (requestIdHeader !== false) headers[requestIdHeader] = String(request.id)
  for (const name of names) {
    const value = request.headers[name]
    if (typeof value === 'string') headers[name] = value
  }
  const { traceparent, tracestate } = request.headers
  // A tracestate without a valid traceparent has no meaning (section 3.3.1).
  if (trace && typeof traceparent === 'string' && TRACEPARENT.test(traceparent)) {
    headers['traceparent'] = traceparent
    if (typeof tracestate === 'string') headers['tracestate'] = tracestate
  }
  return Object.freeze(headers)
}

/**
 * The headers to forward at this moment. Where OpenTelemetry has an active span, its instrumentation writes the trace
 * context, and a second `traceparent` would make both void (W3C Trace Context section 3.2.1).
 */
export function headersNow (headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  if (!('traceparent' in headers) || !hasActiveSpan()) return headers
  const { traceparent, tracestate, ...others } = headers
  return others
}

/** Where every copy of `@opentelemetry/api` 1.x keeps what was registered, so that copies find each other. */
const API = Symbol.for('opentelemetry.js.api.1')
/** The key of the active span in a context of `@opentelemetry/api`. */
const SPAN = Symbol.for('OpenTelemetry Context Key SPAN')

interface Api { readonly context?: { active? (): { getValue? (key: symbol): unknown } } }

/**
 * Whether OpenTelemetry has an active span here. Its instrumentation of undici then writes `traceparent` by itself, as
 * a child of that span. The package is not imported: an app without it must not need it.
 */
function hasActiveSpan (): boolean {
  const api = (globalThis as { readonly [API]?: Api })[API]
  return api?.context?.active?.().getValue?.(SPAN) !== undefined
}

/**
 * Converts headers in any of undici's shapes to an object with lower-case names, so that a header given twice is one.
 */
export function lowerCaseHeaders (headers: unknown): Record<string, string | string[]> {
  if (headers === undefined || headers === null) return {}
  const object: Record<string, string | string[]> = Object.create(null)
  for (const [name, value] of listEntries(headers)) {
    if (value !== undefined) object[name.toLowerCase()] = value
  }
  return object
}

function listEntries (headers: unknown): Array<[string, string | string[]]> {
  if (Array.isArray(headers) && !headers.every((entry) => Array.isArray(entry) && entry.length === 2)) {
    // A flat list: name, value, name, value.
    return Array.from({ length: headers.length >> 1 }, (_, index) => [
      String(headers[2 * index]), headers[2 * index + 1]
    ])
  }
  if (Symbol.iterator in (headers as object)) return [...headers as Iterable<[string, string]>]
  return Object.entries(headers as Record<string, string>)
}
