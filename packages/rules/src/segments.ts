/** Covers exactly one segment. */
export const ONE = '*'
/** Covers one segment or more, up to the end. */
export const REST = '**'

/**
 * RFC 3986 pchar, without percent-encoded slashes, backslashes and control characters: code that decodes the URI later
 * would see different segments.
 */
const COVERABLE = /^(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%(?!2[fF]|5[cC]|[01][0-9a-fA-F]|7[fF])[0-9a-fA-F]{2})+$/
const DOTS = /^(?:\.|%2[eE]){1,2}$/

/** Splits a hierarchical URI into `scheme://authority` and path segments, without decoding. `undefined` for others. */
export function splitSegments (uri: string): readonly string[] | undefined {
  const authority = uri.indexOf('://')
  if (authority === -1) return undefined
  const path = uri.indexOf('/', authority + 3)
  if (path === -1) return [uri]
  return [uri.slice(0, path), ...uri.slice(path + 1).split('/')]
}

/** Whether a wildcard may cover `segment`: not empty, no dots, no query or fragment, no encoded separator. */
export function isCoverable (segment: string): boolean {
  return COVERABLE.test(segment) && !DOTS.test(segment)
}

/** Whether the pattern's segments match the URI's. */
export function matchSegments (pattern: readonly string[], segments: readonly string[]): boolean {
  for (let i = 0; i < pattern.length; i++) {
    const segment = segments[i]
    if (segment === undefined) return false
    if (pattern[i] === REST) return segments.slice(i).every(isCoverable)
    if (pattern[i] === ONE ? !isCoverable(segment) : pattern[i] !== segment) return false
  }
  return pattern.length === segments.length
}
