import { optionInvalid } from './errors.ts'
import { checkKnownOptions } from './option-check.ts'

/**
 * Whether URLs named by certificates may be fetched. A certificate is input from outside: without a list of hosts it could send us to any address in our
 * own network (server-side request forgery).
 */
export interface CertificateUrlOptions {
  /** `host`, for the default port of http and https, or `host:port`. Compared whole. */
  readonly hosts: readonly string[]
}

const MAX_URLS = 3

/** Checks a URL of the configuration: http or https, without a user in it. */
export function checkUrl (url: unknown, where: string): string {
  const parsed = typeof url === 'string' ? parseUrl(url) : undefined
  if (parsed === undefined) {
    throw optionInvalid(`${where} is ${JSON.stringify(url)}, expected an http or https URL without user and password`)
  }
  return parsed.href
}

/** Which of the URLs a certificate names may be fetched: nothing where it is not allowed, and never more than three. */
export function compileUrlFilter (
  options: CertificateUrlOptions | undefined,
  where: string
): (urls: readonly string[]) => string[] {
  if (options === undefined) return () => []
  checkKnownOptions(options, ['hosts'], where)
  if (!Array.isArray(options.hosts) || options.hosts.length === 0) {
    throw optionInvalid(`${where}.hosts is to be a list of hosts that certificates may name`)
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
    throw optionInvalid(`${where}.hosts has ${JSON.stringify(host)}, expected "host" or "host:port"`)
  }
  return parsed.host
}

function parseUrl (text: string): URL | undefined {
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
