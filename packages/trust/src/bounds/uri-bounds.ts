import { SpiffeIdInvalidError, isSpiffe, parseSpiffeId } from '@peerkit/identity'
import type { SpiffeId } from '@peerkit/identity'
import { wrongValue } from '@peerkit/identity/internal'
import { PathOptionError } from '../errors.ts'
import type { TextBound } from './text-bounds.ts'

/** A trust domain, or a path with everything below. @throws PathOptionError */
export function readSpiffeBound (text: string, where: string): TextBound {
  const bound = parseId(text)
  if (bound === undefined) {
    throw wrongValue(
      PathOptionError,
      where,
      text,
      `a trust domain such as spiffe://prod.example, or a path below one${hintOf(text)}`
    )
  }
  const below = `${bound.path}/`
  return {
    text,
    covers (name) {
      const id = parseId(name)
      if (id?.trustDomain !== bound.trustDomain) return false
      return bound.path === '' || id.path === bound.path || id.path.startsWith(below)
    },
    meets (value) {
      const origin = `spiffe://${bound.trustDomain}`
      // A trust domain without a path covers all of its IDs.
      if (!value.includes('*')) return value === origin || this.covers(value)
      return value.startsWith(`${origin}/`) && meetsPath(value.slice(origin.length), bound.path)
    }
  }
}

function hintOf (text: string): string {
  if (hasUpperCaseDomain(text)) return ', with the trust domain in lower case'
  if (text.endsWith('/')) return ', without a slash at the end'
  return text.includes('*') ? ', without "*": all below is included' : ''
}

/** Trust domains have no upper case (SPIFFE ID section 2.1), unlike DNS names. */
function hasUpperCaseDomain (text: string): boolean {
  const lowerCase = text.replace(/^[^/]*\/\/[^/]*/, (start) => start.toLowerCase())
  return parseId(text) === undefined && parseId(lowerCase) !== undefined
}

function parseId (text: string): SpiffeId | undefined {
  try {
    return parseSpiffeId(text)
  } catch (error) {
    if (error instanceof SpiffeIdInvalidError) return undefined
    throw error
  }
}

/** Scheme, authority, path, and the rest. */
const HIERARCHICAL = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^?#]*)(.*)$/i
const OPAQUE = /^([a-z][a-z0-9+.-]*):(.+)$/i
// User information, backslashes and spaces: parsers disagree about the host.
const AMBIGUOUS = /[@\\\s]/
// Dot segments, plain or percent-encoded. The paths here start with a slash, so `^` only guards against other callers.
const DOTS = /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i

/**
 * An origin or a path with everything below, a prefix that ends in ":", or another exact URI.
 *
 * @throws PathOptionError
 */
export function readUriBound (text: string, where: string): TextBound {
  if (isSpiffe(text)) {
    throw wrongValue(
      PathOptionError, where, text, 'a URI that is not a SPIFFE ID; use the kind "spiffe" for those'
    )
  }
  const parts = HIERARCHICAL.exec(text)
  if (parts !== null) return readHierarchical(text, parts, where)
  const opaque = OPAQUE.exec(text)
  if (opaque === null) {
    throw wrongValue(PathOptionError, where, text, 'a URI such as https://partner.example or urn:partner:')
  }
  const bound = `${opaque[1]!.toLowerCase()}:${opaque[2]!}`
  return {
    text,
    covers (name) {
      const [, scheme = '', rest = ''] = OPAQUE.exec(name) ?? []
      const found = `${scheme.toLowerCase()}:${rest}`
      return bound.endsWith(':') ? found.startsWith(bound) && found.length > bound.length : found === bound
    }
  }
}

function readHierarchical (
  text: string, [, scheme = '', authority = '', path = '', rest = '']: RegExpExecArray, where: string
): TextBound {
  if (authority === '' || rest !== '' || AMBIGUOUS.test(text) || DOTS.test(path)) {
    const form = 'without user, query, fragment or dot segments'
    throw wrongValue(
      PathOptionError, where, text, `an origin such as https://partner.example, or a path below one, ${form}`
    )
  }
  const origin = `${scheme}://${authority}`.toLowerCase()
  const base = path.replace(/\/$/, '')
  return {
    text,
    covers (name) {
      const [, itsScheme = '', itsAuthority = '', itsPath = ''] = HIERARCHICAL.exec(name) ?? []
      if (AMBIGUOUS.test(name) || `${itsScheme}://${itsAuthority}`.toLowerCase() !== origin) return false
      return base === '' || (!DOTS.test(itsPath) && (itsPath === base || itsPath.startsWith(`${base}/`)))
    },
    meets (value) {
      if (!value.includes('*')) return this.covers(value)
      const [, itsScheme = '', itsAuthority = '', itsPath = ''] = HIERARCHICAL.exec(value) ?? []
      return `${itsScheme}://${itsAuthority}`.toLowerCase() === origin && meetsPath(itsPath, base)
    }
  }
}

/**
 * Whether a path that a pattern matches can be `base` or below it. In a pattern, `*` covers one segment, and a final
 * `**` one or more.
 *
 * @param pattern starts with a slash, or is empty
 * @param base starts with a slash, or is empty
 */
function meetsPath (pattern: string, base: string): boolean {
  const [found, wanted] = [pattern.split('/'), base.split('/')]
  for (const [index, segment] of wanted.entries()) {
    const own = found[index]
    if (own === '**') return true
    if (own !== segment && !(own === '*' && segment !== '')) return false
  }
  return true
}
