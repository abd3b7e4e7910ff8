import { parseUrl } from './allowed-urls.ts'
import { optionInvalid } from './errors.ts'

/** Which redirects of a URL are followed. */
export interface Redirects {
  /** Origins that may be redirected to, besides that of the URL itself. Undefined: no redirect is followed. */
  readonly origins: ReadonlySet<string> | undefined
  /** What to do about a redirect that is not followed, for messages. */
  readonly advice: (origin: string) => string
}

/** The largest number of redirects of one request. */
export const MAX_REDIRECTS = 3

const STATUSES: readonly number[] = [301, 302, 303, 307, 308]

export function isRedirect (status: number): boolean {
  return STATUSES.includes(status)
}

/** Checks the origins that an operator allows. @throws MTLS_ERR_REVOCATION_OPTION */
export function compileOrigins (value: unknown, where: string): ReadonlySet<string> {
  if (value === undefined) return new Set()
  if (!Array.isArray(value)) throw optionInvalid(`${where} is ${typeof value}; expected an array of origins`)
  return new Set(value.map((origin: unknown) => {
    const url = typeof origin === 'string' ? parseUrl(origin) : undefined
    if (url !== undefined && (origin === url.origin || origin === `${url.origin}/`)) return url.origin
    throw optionInvalid(`${where} has ${JSON.stringify(origin)}; expected an origin such as "https://crl.example"`)
  }))
}

/**
 * Where a redirect leads, or why it is not followed. Without a list of origins, only the same origin is allowed, and
 * the same host over https instead of http: whoever answers for a host could otherwise send requests to any address of
 * our own network (server-side request forgery), or over a connection that anyone can change.
 */
export function findTarget (
  from: string, location: string | null, { origins, advice }: Redirects
): { readonly url: string } | { readonly problem: string } {
  if (location === null) return { problem: 'redirects without saying where' }
  const target = URL.canParse(location, from) ? parseUrl(new URL(location, from).href) : undefined
  if (target === undefined) {
    return { problem: 'redirects to something else than an http or https URL without user and password' }
  }
  const source = new URL(from)
  const isUpgrade = source.protocol === 'http:' && target.protocol === 'https:' &&
    source.hostname === target.hostname && source.port === '' && target.port === ''
  target.hash = ''
  if (origins !== undefined && (target.origin === source.origin || isUpgrade || origins.has(target.origin))) {
    return { url: target.href }
  }
  return { problem: `redirects to ${target.href}, which is not followed: ${advice(target.origin)}` }
}
