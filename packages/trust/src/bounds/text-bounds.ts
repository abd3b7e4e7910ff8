import { isIP } from 'node:net'
import { isObjectIdentifier } from '@peerkit/identity'
import { hasHostBits, wrongValue } from '@peerkit/identity/internal'
import { parseIpAddress } from '@peerkit/identity/x509'
import { PathOptionError } from '../errors.ts'
import {
  isDomain, isLocalPart, isWithin, matchesHost, readDnsName, readMailbox
} from '../name-constraints/text-name.ts'

/** One bound on names that are strings. */
export interface TextBound {
  /** The bound as given. */
  readonly text: string
  /** Whether a name of a certificate is within. An ambiguous name is not. */
  covers (name: string): boolean
  /** Whether a name that a rule's value covers may be within. The value may be a pattern. Default: `covers`. */
  meets? (value: string): boolean
}

/** The domain and all names below, as in name constraints (RFC 5280 section 4.2.1.10). @throws PathOptionError */
export function readDnsBound (text: string, where: string): TextBound {
  if (!isDomain(text)) {
    throw wrongValue(
      PathOptionError, where, text, 'a domain such as prod.example, without "*": it includes all names below'
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

/** @throws PathOptionError */
export function readEmailBound (text: string, where: string): TextBound {
  const at = text.lastIndexOf('@')
  const host = text.slice(at + 1)
  const isValid = at === -1
    ? isDomain(host.startsWith('.') ? host.slice(1) : host)
    : isLocalPart(text.slice(0, at)) && isDomain(host)
  if (!isValid) {
    throw wrongValue(
      PathOptionError, where, text, 'a host such as prod.example, ".prod.example" for all below, or a mailbox'
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

/** @throws PathOptionError */
export function readIpBound (text: string, where: string): TextBound {
  const [address = '', length, ...more] = text.split('/')
  const family = isIP(address)
  const maxBits = family === 4 ? 32 : 128
  const bits = length === undefined ? maxBits : /^[0-9]{1,3}$/.test(length) ? Number(length) : Number.NaN
  if (family === 0 || more.length > 0 || address.includes('%') || !(bits <= maxBits)) {
    throw wrongValue(PathOptionError, where, text, 'an address, or a range such as 10.0.0.0/8')
  }
  const base = parseIpAddress(address)
  if (hasHostBits(base, bits)) {
    const expected = `a range whose address has only zeros after its first ${bits} bits`
    throw wrongValue(PathOptionError, where, text, expected)
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

/** The part after the last at sign, case-insensitive, as in Active Directory. @throws PathOptionError */
export function readUpnBound (text: string, where: string): TextBound {
  if (!isDomain(text)) throw wrongValue(PathOptionError, where, text, 'a domain such as corp.example')
  const base = text.toLowerCase()
  return {
    text,
    covers (name) {
      const at = name.lastIndexOf('@')
      return at > 0 && isDomain(name.slice(at + 1)) && name.slice(at + 1).toLowerCase() === base
    }
  }
}

/** An OID, exactly. @throws PathOptionError */
export function readOidBound (text: string, where: string): TextBound {
  if (!isObjectIdentifier(text)) throw wrongValue(PathOptionError, where, text, 'an OID in dotted decimals')
  return { text, covers: (name) => name === text }
}
