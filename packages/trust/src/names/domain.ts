const MAX_DOMAIN = 253
// Underscores are no host names' (RFC 1123 section 2.1), but stand in SPIFFE trust domains and in service names.
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i

/** Whether it is a domain name in its plain form: no trailing period, no empty label, no wildcard, ASCII only. */
export function isDomain (text: string): boolean {
  return text.length <= MAX_DOMAIN && text.split('.').every((label) => LABEL.test(label))
}

/** Whether a domain is `base` or below it. Both in lower case. */
export function isWithin (domain: string, base: string): boolean {
  return domain === base || base === '' || (domain.endsWith(base) && domain[domain.length - base.length - 1] === '.')
}

/** As constraints on URI and mail hosts have it: `.base` is all below, `base` is itself alone. */
export function matchesHost (host: string, base: string): boolean {
  return base.startsWith('.') ? host.length > base.length && host.endsWith(base) : host === base
}
