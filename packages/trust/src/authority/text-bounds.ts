import { isIP } from 'node:net'
import { SpiffeIdInvalidError, isObjectIdentifier, parseSpiffeId } from '@peerkit/identity'
import type { SpiffeId } from '@peerkit/identity'
import { wrongValue } from '@peerkit/identity/internal'
import { parseIpAddress } from '@peerkit/identity/x509'
import { isDomain, isWithin, matchesHost } from '../names/domain.ts'
import { isLocalPart, readDnsName, readMailbox } from '../names/text-name.ts'
import { MTLS_ERR_PATH_OPTION } from '../errors.ts'
import { meetsPath } from './path-pattern.ts'

/** One bound on names that are strings. */
export interface TextBound {
  /** The bound as given. */
  readonly text: string
  /** Whether a name of a certificate is within. An ambiguous name is not. */
  covers (name: string): boolean
  /** Whether a name that a rule's value covers may be within. The value may be a pattern. Default: `covers`. */
  meets? (value: string): boolean
}

/** @throws MTLS_ERR_PATH_OPTION */
export function readSpiffeBound (text: string, where: string): TextBound {
  const bound = parseId(text)
  if (bound === undefined) {
    throw wrongValue(
      MTLS_ERR_PATH_OPTION,
      where,
      text,
      `a trust domain such as spiffe://prod.example, or a path below one${hintOf(text)}`
    )
  }
  const below = `${bound.path}/`
  return {
    text,
    covers (name) {
      const id = parseId(name)
      if (id?.trustDomain !== bound.trustDomain) return false
      return bound.path === '' || id.path === bound.path || id.path.startsWith(below)
    },
    meets (value) {
      const origin = `spiffe://${bound.trustDomain}`
      // A trust domain without a path covers all of its IDs.
      if (!value.includes('*')) return value === origin || this.covers(value)
      return value.startsWith(`${origin}/`) && meetsPath(value.slice(origin.length), bound.path)
    }
  }
}

function hintOf (text: string): string {
  if (hasUpperCaseDomain(text)) return ', with the trust domain in lower case'
  if (text.endsWith('/')) return ', without a slash at the end'
  return text.includes('*') ? ', without "*": all below is included' : ''
}

/** Trust domains have no upper case (SPIFFE ID section 2.1), unlike DNS names. */
function hasUpperCaseDomain (text: string): boolean {
  const lowerCase = text.replace(/^[^/]*\/\/[^/]*/, (start) => start.toLowerCase())
  return parseId(text) === undefined && parseId(lowerCase) !== undefined
}

function parseId (text: string): SpiffeId | undefined {
  try {
    return parseSpiffeId(text)
  } catch (error) {
    if (error instanceof SpiffeIdInvalidError) return undefined
    throw error
  }
}

/** The domain and all names below, as in name constraints (RFC 5280 section 4.2.1.10). @throws MTLS_ERR_PATH_OPTION */
export function readDnsBound (text: string, where: string): TextBound {
  if (!isDomain(text)) {
    throw wrongValue(
      MTLS_ERR_PATH_OPTION, where, text, 'a domain such as prod.example, without "*": it includes all names below'
    )
  }
  const base = text.toLowerCase()
  return {
    text,
    covers (name) {
      const { host } = readDnsName(name)
      return host !== undefined && isWithin(host, base)
    },
    meets (value) {
      // The `*` of a rule covers one label, which may be the first label of the bound.
      const parent = base.slice(base.indexOf('.') + 1)
      return this.covers(value) || (value.startsWith('*.') && parent === value.slice(2).toLowerCase())
    }
  }
}

/** @throws MTLS_ERR_PATH_OPTION */
export function readEmailBound (text: string, where: string): TextBound {
  const at = text.lastIndexOf('@')
  const host = text.slice(at + 1)
  const isValid = at === -1
    ? isDomain(host.startsWith('.') ? host.slice(1) : host)
    : isLocalPart(text.slice(0, at)) && isDomain(host)
  if (!isValid) {
    throw wrongValue(
      MTLS_ERR_PATH_OPTION, where, text, 'a host such as prod.example, ".prod.example" for all below, or a mailbox'
    )
  }
  const [localPart, base] = [text.slice(0, Math.max(0, at)), host.toLowerCase()]
  return {
    text,
    covers (name) {
      const mailbox = readMailbox(name)
      if (mailbox.host === undefined) return false
      return at === -1 ? matchesHost(mailbox.host, base) : mailbox.host === base && mailbox.localPart === localPart
    }
  }
}

/** @throws MTLS_ERR_PATH_OPTION */
export function readIpBound (text: string, where: string): TextBound {
  const [address = '', length, ...more] = text.split('/')
  const family = isIP(address)
  const maxBits = family === 4 ? 32 : 128
  const bits = length === undefined ? maxBits : /^[0-9]{1,3}$/.test(length) ? Number(length) : Number.NaN
  if (family === 0 || more.length > 0 || address.includes('%') || !(bits <= maxBits)) {
    throw wrongValue(MTLS_ERR_PATH_OPTION, where, text, 'an address, or a range such as 10.0.0.0/8')
  }
  const base = parseIpAddress(address)
  if (hasHostBits(base, bits)) {
    const expected = `a range whose address has only zeros after its first ${bits} bits`
    throw wrongValue(MTLS_ERR_PATH_OPTION, where, text, expected)
  }
  return {
    text,
    covers (name) {
      const octets = readOctets(name)
      return octets?.length === base.length && hasPrefix(octets, base, bits)
    },
    meets (value) {
      const [start = '', prefix] = value.split('/')
      const octets = readOctets(start)
      if (octets?.length !== base.length) return false
      // The prefix length of an IPv4-mapped range counts the 96 leading bits.
      const length = prefix === undefined ? bits : Number(prefix) - (isIP(start) === 6 && octets.length === 4 ? 96 : 0)
      // Either the range with the longer prefix is within the other one, or they do not overlap.
      return hasPrefix(octets, base, Math.min(bits, length))
    }
  }
}

function readOctets (address: string): Uint8Array | undefined {
  return isIP(address) === 0 ? undefined : unmapped(parseIpAddress(address))
}

/** Converts an IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2) to the IPv4 address. */
function unmapped (octets: Uint8Array): Uint8Array {
  const isMapped = octets.length === 16 && octets[10] === 0xff && octets[11] === 0xff &&
    octets.subarray(0, 10).every((octet) => octet === 0)
  return isMapped ? octets.subarray(12) : octets
}

function hasPrefix (octets: Uint8Array, base: Uint8Array, bits: number): boolean {
  return base.every((octet, index) => {
    const own = Math.min(8, Math.max(0, bits - 8 * index))
    return ((octet ^ octets[index]!) & (0xff << (8 - own)) & 0xff) === 0
  })
}

function hasHostBits (octets: Uint8Array, bits: number): boolean {
  return octets.some((octet, index) => {
    const own = Math.min(8, Math.max(0, bits - 8 * index))
    return (octet & (0xff >> own)) !== 0
  })
}

/** The part after the last at sign, case-insensitive, as in Active Directory. @throws MTLS_ERR_PATH_OPTION */
export function readUpnBound (text: string, where: string): TextBound {
  if (!isDomain(text)) throw wrongValue(MTLS_ERR_PATH_OPTION, where, text, 'a domain such as corp.example')
  const base = text.toLowerCase()
  return {
    text,
    covers (name) {
      const at = name.lastIndexOf('@')
      return at > 0 && isDomain(name.slice(at + 1)) && name.slice(at + 1).toLowerCase() === base
    }
  }
}

/** @throws MTLS_ERR_PATH_OPTION */
export function readPolicyBound (text: string, where: string): TextBound {
  if (!isObjectIdentifier(text)) throw wrongValue(MTLS_ERR_PATH_OPTION, where, text, 'an OID in dotted decimals')
  return { text, covers: (name) => name === text }
}
