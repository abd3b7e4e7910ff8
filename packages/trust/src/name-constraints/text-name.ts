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

/** A DNS name, a mail address or a URI of a certificate, parsed for comparisons with constraints. */
export interface TextName {
  /** The text in the certificate. */
  readonly text: string
  /** The host to which constraints apply, in lower case; undefined if it is ambiguous. */
  readonly host: string | undefined
  /** Whether it is a DNS name that covers all names below `host`. */
  readonly isWildcard: boolean
  /** For mail addresses: the part before the at sign. */
  readonly localPart: string | undefined
}

/** The maximum length of a SPIFFE ID. A longer name cannot be decided, which bounds the work. */
const MAX_NAME = 2_048

/**
 * A plain local part (RFC 5321 section 4.1.2, Dot-string). A quoted one may contain another at sign, and then two
 * parsers read different hosts.
 */
const LOCAL_PART = /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]+$/i
const AUTHORITY = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#]*@)?([^/?#@:]+)(?::[0-9]*)?(?:[/?#]|$)/i
// Browsers read a backslash as a slash, and remove or encode a space.
const AMBIGUOUS = /[\\ ]/
const ENDS_IN_NUMBER = /(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$/i

export function readDnsName (text: string): TextName {
  const isWildcard = text.startsWith('*.')
  return nameOf(text, hostOf(isWildcard ? text.slice(2) : text), { isWildcard })
}

export function readMailbox (text: string): TextName {
  const at = text.indexOf('@')
  const localPart = text.slice(0, Math.max(0, at))
  return nameOf(text, isLocalPart(localPart) ? hostOf(text.slice(at + 1)) : undefined, { localPart })
}

/** Constraints apply to the host of a URI. A URI without a host, or with an IP address, cannot be decided. */
export function readUri (text: string): TextName {
  const host = text.length > MAX_NAME || AMBIGUOUS.test(text) ? undefined : AUTHORITY.exec(text)?.[1]
  return nameOf(text, host === undefined || ENDS_IN_NUMBER.test(host) ? undefined : hostOf(host), {})
}

/** Whether a local part is unambiguous: all parsers read it in the same way. */
export function isLocalPart (text: string): boolean {
  return text.length <= MAX_NAME && LOCAL_PART.test(text)
}

function nameOf (
  text: string, host: string | undefined, { isWildcard = false, localPart }: Partial<TextName>
): TextName {
  return { text, host, isWildcard, localPart }
}

function hostOf (text: string): string | undefined {
  return isDomain(text) ? text.toLowerCase() : undefined
}
