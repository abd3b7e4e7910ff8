import { SpiffeIdInvalidError } from './errors.ts'
import type { SubjectAltNames } from './peer-identity.ts'

/** The parts of a SPIFFE ID. */
export interface SpiffeId {
  readonly trustDomain: string
  /** Empty, or starts with `/`. */
  readonly path: string
  toString (): string
}

/** Maximum length of a SPIFFE ID (SPIFFE-ID section 2.3). */
export const MAX_SPIFFE_ID_OCTETS = 2048
const MAX_TRUST_DOMAIN_OCTETS = 255
const SCHEME = 'spiffe://'

/**
 * Parses a SPIFFE ID (SPIFFE-ID section 2): `spiffe://`, a trust domain of `a-z 0-9 . - _` with at most 255 bytes,
 * and a path. Its segments have `a-z A-Z 0-9 . - _` and are not empty, `.` or `..`. At most 2048 bytes. User, port,
 * query, fragment, percent-encoding and a trailing slash are refused. Nothing is normalized: upper case in the
 * scheme or trust domain is refused.
 *
 * @throws SpiffeIdInvalidError with `reason`
 * @example
 * ```ts
 * const { trustDomain, path } = parseSpiffeId('spiffe://prod.example/ns/shop/sa/billing')
 * console.log(trustDomain, path) // prod.example /ns/shop/sa/billing
 * ```
 */
export function parseSpiffeId (uri: string): SpiffeId {
  if (typeof uri !== 'string') throw new SpiffeIdInvalidError('not_a_string', `expected a string, found ${typeof uri}`)
  if (uri.length > MAX_SPIFFE_ID_OCTETS) {
    throw new SpiffeIdInvalidError('too_long', `${uri.length} characters, at most ${MAX_SPIFFE_ID_OCTETS}`)
  }
  if (!uri.startsWith(SCHEME)) {
    throw new SpiffeIdInvalidError('scheme', `expected "spiffe://", found ${JSON.stringify(uri.slice(0, 16))}`)
  }
  const slash = uri.indexOf('/', SCHEME.length)
  const trustDomain = uri.slice(SCHEME.length, slash === -1 ? undefined : slash)
  const path = slash === -1 ? '' : uri.slice(slash)
  checkTrustDomain(trustDomain)
  if (path !== '') checkPath(path)
  return Object.freeze({ trustDomain, path, toString: () => uri })
}

/**
 * Whether a URI has the scheme of SPIFFE IDs. Schemes are compared without case (RFC 3986 section 3.1).
 *
 * @example
 * ```ts
 * console.log(isSpiffe('spiffe://prod.example/billing'), isSpiffe('https://prod.example')) // true false
 * ```
 */
export function isSpiffe (uri: string): boolean {
  return /^spiffe:/i.test(uri)
}

/** X509-SVID 2 and 5.2: exactly one URI name, which is a SPIFFE ID with a path. */
export function spiffeIdOf (names: SubjectAltNames): string | undefined {
  const [uri, ...more] = names.uri
  if (uri === undefined || more.length > 0 || names.unknown.includes('uri') || !uri.startsWith(SCHEME)) {
    return undefined
  }
  try {
    return parseSpiffeId(uri).path === '' ? undefined : uri
  } catch (error) {
    if (error instanceof SpiffeIdInvalidError) return undefined
    throw error
  }
}

function checkTrustDomain (trustDomain: string): void {
  if (trustDomain === '') throw new SpiffeIdInvalidError('trust_domain_missing', 'no trust domain')
  if (trustDomain.length > MAX_TRUST_DOMAIN_OCTETS) {
    throw new SpiffeIdInvalidError(
      'trust_domain_too_long',
      `trust domain of ${trustDomain.length} characters, at most ${MAX_TRUST_DOMAIN_OCTETS}`
    )
  }
  const at = trustDomain.search(/[^a-z0-9._-]/)
  if (at !== -1) {
    throw new SpiffeIdInvalidError(
      'trust_domain_character',
      `${JSON.stringify(trustDomain[at])} in the trust domain; expected a-z, 0-9, ".", "-" or "_"`
    )
  }
}

function checkPath (path: string): void {
  if (path.endsWith('/')) throw new SpiffeIdInvalidError('path_trailing_slash', 'the path ends in a slash')
  for (const segment of path.slice(1).split('/')) {
    if (segment === '') throw new SpiffeIdInvalidError('path_empty_segment', 'empty path segment')
    if (segment === '.' || segment === '..') {
      throw new SpiffeIdInvalidError('path_dot_segment', `path segment "${segment}"`)
    }
    const at = segment.search(/[^a-zA-Z0-9._-]/)
    if (at !== -1) {
      throw new SpiffeIdInvalidError(
        'path_character',
        `${JSON.stringify(segment[at])} in the path; expected a-z, A-Z, 0-9, ".", "-" or "_"`
      )
    }
  }
}
