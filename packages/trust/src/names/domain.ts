const MAX_DOMAIN = 253
// Host names have no underscores (RFC 1123 section 2.1), but SPIFFE trust domains and service names do.
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i

/** Whether a text is a plain domain name: ASCII, without a trailing period, an empty label or a wildcard. */
export function isDomain (text: string): boolean {
  return text.length <= MAX_DOMAIN && text.split('.').every((label) => LABEL.test(label))
}

/** Whether a domain is `base` or below it. Both must be in lower case. */
export function isWithin (domain: string, base: string): boolean {
  return domain === base || base === '' || (domain.endsWith(base) && domain[domain.length - base.length - 1] === '.')
}

/** Matches a constraint on URI and mail hosts: `.base` covers all hosts below `base`, and `base` only itself. */
export function matchesHost (host: string, base: string): boolean {
  return base.startsWith('.') ? host.length > base.length && host.endsWith(base) : host === base
}
