import { defineOptions, describeUrl, list, required, valueOf, wrongOption } from '@peerkit/identity/internal'
import { RevocationOptionError } from '../errors.ts'

/**
 * Which URLs in certificates may be fetched. A certificate is untrusted input: without a list of hosts it could make
 * the server send requests to any address of its own network (server-side request forgery).
 */
export interface CertificateUrlOptions {
  /** `host` for the default port of http and https, or `host:port`. Compared in full, without wildcards. */
  readonly hosts: readonly string[]
}

const MAX_URLS = 3
const HOST = valueOf('"host" or "host:port"', (host) => parseHost(host) !== undefined)
const OPTIONS = defineOptions<CertificateUrlOptions>('allowCertificateUrls', RevocationOptionError, {
  hosts: required(list('at least one of the hosts that certificates may name', HOST, 1))
})

/** Checks a configured URL: http or https, without user and password. */
export function checkUrl (url: unknown, where: string): string {
  const parsed = typeof url === 'string' ? parseUrl(url) : undefined
  if (parsed === undefined) {
    throw wrongOption(
      RevocationOptionError, where, describeUrl(url), 'an http or https URL without user and password'
    )
  }
  return parsed.href
}

/**
 * Returns a function that selects the URLs of a certificate that may be fetched: at most three, and none by default.
 */
export function compileUrlFilter (
  options: CertificateUrlOptions | undefined,
  where: string
): (urls: readonly string[]) => string[] {
  if (options === undefined) return () => []
  OPTIONS.check(options, where)
  const hosts = new Set(options.hosts.map((host: unknown) => parseHost(host)?.host as string))
  return (urls) => {
    const allowed: string[] = []
    for (const url of urls) {
      const parsed = parseUrl(url)
      if (parsed !== undefined && hosts.has(parsed.host) && allowed.length < MAX_URLS) allowed.push(parsed.href)
    }
    return allowed
  }
}

function parseHost (host: unknown): URL | undefined {
  const parsed = typeof host === 'string' && /^[^/?#@\s\\]+$/.test(host) ? parseUrl(`http://${host}`) : undefined
  return parsed?.pathname === '/' ? parsed : undefined
}

/** An http or https URL without user and password. Undefined for anything else. */
export function parseUrl (text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (
    url === undefined ||
    (url.protocol !== 'http:' && url.protocol !== 'https:') ||
    url.username !== '' ||
    url.password !== '' ||
    url.hostname === ''
  ) {
    return undefined
  }
  return url
}

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

/** Checks the origins that an operator allows. @throws RevocationOptionError */
export function compileOrigins (value: unknown, where: string): ReadonlySet<string> {
  if (value === undefined) return new Set()
  if (!Array.isArray(value)) {
    throw new RevocationOptionError(`${where} is ${typeof value}; expected an array of origins`)
  }
  return new Set(value.map((origin: unknown) => {
    const url = typeof origin === 'string' ? parseUrl(origin) : undefined
    if (url !== undefined && (origin === url.origin || origin === `${url.origin}/`)) return url.origin
    throw new RevocationOptionError(`${where} has ${JSON.stringify(origin)}; expected an origin such as "https://crl.example"`)
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
