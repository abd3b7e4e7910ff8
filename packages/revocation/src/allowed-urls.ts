import { optionInvalid } from './errors.ts'
import { checkKnownOptions } from './option-check.ts'

/**
 * Which URLs in certificates may be fetched. A certificate is untrusted input: without a list of hosts it could make
 * the server send requests to any address of its own network (server-side request forgery).
 */
export interface CertificateUrlOptions {
  /** `host` for the default port of http and https, or `host:port`. Compared in full, without wildcards. */
  readonly hosts: readonly string[]
}

const MAX_URLS = 3

/** Checks a configured URL: http or https, without user and password. */
export function checkUrl (url: unknown, where: string): string {
  const parsed = typeof url === 'string' ? parseUrl(url) : undefined
  if (parsed === undefined) {
    throw optionInvalid(`${where} is ${JSON.stringify(url)}; expected an http or https URL without user and password`)
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
  checkKnownOptions(options, ['hosts'], where)
  if (!Array.isArray(options.hosts) || options.hosts.length === 0) {
    throw optionInvalid(`${where}.hosts is empty or not an array; expected the hosts that certificates may name`)
  }
  const hosts = new Set(options.hosts.map((host: unknown) => checkHost(host, where)))
  return (urls) => {
    const allowed: string[] = []
    for (const url of urls) {
      const parsed = parseUrl(url)
      if (parsed !== undefined && hosts.has(parsed.host) && allowed.length < MAX_URLS) allowed.push(parsed.href)
    }
    return allowed
  }
}

function checkHost (host: unknown, where: string): string {
  const parsed = typeof host === 'string' && /^[^/?#@\s\\]+$/.test(host) ? parseUrl(`http://${host}`) : undefined
  if (parsed === undefined || parsed.pathname !== '/') {
    throw optionInvalid(`${where}.hosts has ${JSON.stringify(host)}; expected "host" or "host:port"`)
  }
  return parsed.host
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
