import { isDomain } from './domain.ts'

/** A DNS name, a mail address or a URI of a certificate, read once for all constraints that it is compared with. */
export interface TextName {
  /** As it stands in the certificate. */
  readonly text: string
  /** The host that constraints speak of, in lower case; undefined where it cannot be decided which one that is. */
  readonly host: string | undefined
  /** A DNS name that stands for all names below `host`. */
  readonly isWildcard: boolean
  /** Of a mail address: what stands before the at sign. */
  readonly localPart: string | undefined
}

/** As long as a SPIFFE ID may be. Nobody needs a longer name, and it is not decided. */
const MAX_NAME = 2_048

/** Only a plain local part (RFC 5321 section 4.1.2, Dot-string): a quoted one may hold another at sign, and then two readers see two hosts. */
const LOCAL_PART = /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]+$/i
const AUTHORITY = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#]*@)?([^/?#@:]+)(?::[0-9]*)?(?:[/?#]|$)/i
// A browser takes a backslash for a slash, and drops or encodes a space.
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

/** Goes by the URI's host. One without a host, or with an IP address as its host, cannot be decided. */
export function readUri (text: string): TextName {
  const host = text.length > MAX_NAME || AMBIGUOUS.test(text) ? undefined : AUTHORITY.exec(text)?.[1]
  return nameOf(text, host === undefined || ENDS_IN_NUMBER.test(host) ? undefined : hostOf(host), {})
}

/** Whether a mail address's local part is one that all readers read alike. */
export function isLocalPart (text: string): boolean {
  return text.length <= MAX_NAME && LOCAL_PART.test(text)
}

function nameOf (text: string, host: string | undefined, { isWildcard = false, localPart }: { readonly isWildcard?: boolean, readonly localPart?: string }): TextName {
  return { text, host, isWildcard, localPart }
}

function hostOf (text: string): string | undefined {
  return isDomain(text) ? text.toLowerCase() : undefined
}
