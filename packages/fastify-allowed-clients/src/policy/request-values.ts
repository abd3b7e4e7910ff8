import type { RequestSource } from '@peerkit/rules'
import type { FastifyRequest } from 'fastify'

const NONE: readonly string[] = Object.freeze([])
/** What a header may have. Other octets are read as different text by Node and by other software. */
const PRINTABLE = /^[\x20-\x7e]*$/

/**
 * Reads the values that a request has under a name, as handlers see them: decoded by Fastify, before validation changes
 * them. What is not text has no value.
 *
 * @param name of a header: in lower case
 */
export function readRequestValues (request: FastifyRequest, source: RequestSource, name: string): readonly string[] {
  switch (source) {
    // What did not match a route has no parameters, but a wildcard of the router.
    case 'param': return request.is404 ? NONE : textsOf(request.params, name)
    case 'query': return readQuery(request, name)
    case 'header': return readHeader(request, name)
  }
}

/** A parser of the app may take one of several values. Software behind it may take another, so all of them count. */
function readQuery ({ query, raw: { url = '' } }: FastifyRequest, name: string): readonly string[] {
  const texts = textsOf(query, name)
  const start = url.indexOf('?')
  if (texts.length !== 1 || start === -1) return texts
  const sent = new URLSearchParams(url.slice(start)).getAll(name)
  return sent.length > 1 ? sent : texts
}

/** Node joins repeated headers, or drops all but the first, so the raw ones are counted. */
function readHeader ({ headers, raw: { rawHeaders = [] } }: FastifyRequest, name: string): readonly string[] {
  const values: string[] = []
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() === name) values.push(rawHeaders[at + 1] as string)
  }
  const [value] = values
  if (value === undefined || values.length > 1) return values
  // A hook that replaced the header lets handlers see another value than the client sent.
  return headers[name] === value && PRINTABLE.test(value) ? values : NONE
}

/** A list of one value is not what its text is, so it has none. */
function textsOf (from: unknown, name: string): readonly string[] {
  if (typeof from !== 'object' || from === null || !Object.hasOwn(from, name)) return NONE
  const value = (from as Readonly<Record<string, unknown>>)[name]
  if (typeof value === 'string') return [value]
  if (!Array.isArray(value) || value.length < 2) return NONE
  return value.filter((one) => typeof one === 'string')
}
