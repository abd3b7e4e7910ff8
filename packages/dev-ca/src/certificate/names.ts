import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import { parseSpiffeId } from '@peerkit/identity'
import { DevCaOptionError } from '../errors.ts'

const MAX_HOST = 253
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/i
// eslint-disable-next-line no-control-regex
const ASCII = /^[\u0000-\u007f]*$/
/** The local part of a mailbox, without the quoted form (RFC 5321 section 4.1.2). */
const LOCAL_PART = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/i
/** An absolute URI, by the characters that RFC 3986 allows. */
const URI = /^[a-z][a-z0-9+.-]*:(?:[a-z0-9._~:/?#[\]@!$&'()*+,;=-]|%[0-9a-f]{2})+$/i

/**
 * Checks a DNS name (RFC 5280 section 4.2.1.6), which may have a wildcard as its first label.
 *
 * @returns the name; with A-labels if it has characters outside of ASCII
 * @throws DevCaOptionError
 */
export function readDnsName (name: string, option: string): string {
  const expected = 'a DNS name such as orders.example or *.example'
  if (isIP(name.replace(/^\[|\]$/g, '')) !== 0) refuse(option, name, 'an IP address', `${expected}; option ip takes it`)
  if (name.includes('://')) refuse(option, name, 'a URL', `${expected}; option uri takes a URL`)
  if (/[,;\s]/.test(name)) refuse(option, name, 'a separator', `${expected}; give each name by itself`)
  if (/:\d+$/.test(name)) refuse(option, name, 'a name with a port', expected)
  if (name.endsWith('.')) refuse(option, name, 'a name that ends in a dot', expected)
  const host = toAscii(name)
  const labels = host.replace(/^\*\./, '').split('.')
  if (host.length > MAX_HOST || !labels.every((label) => LABEL.test(label))) {
    refuse(option, name, 'no DNS name', expected)
  }
  // Clients take a name that ends in a number for an IPv4 address, also in forms such as 127.1 and 0x7f.1.
  if (/^(\d+|0x[0-9a-f]*)$/i.test(labels.at(-1) ?? '')) {
    refuse(option, name, 'an IP address, or a name that ends in a number', `${expected}; option ip takes an address`)
  }
  return host
}

/** UTS #46, as browsers and Node do. `domainToASCII` alone would also decode percent signs. */
function toAscii (name: string): string {
  return ASCII.test(name) || name.includes('%') ? name : domainToASCII(name)
}

/** Checks an e-mail address. Its host gets A-labels. @throws DevCaOptionError */
export function readEmail (address: string, option: string): string {
  const at = address.lastIndexOf('@')
  const [local, host] = [address.slice(0, Math.max(at, 0)), address.slice(at + 1)]
  if (!ASCII.test(local)) {
    const found = 'a local part outside of ASCII, which rfc822Name cannot encode'
    refuse(option, address, found, 'a local part in ASCII')
  }
  if (at < 1 || local.length > 64 || !LOCAL_PART.test(local) || host.startsWith('*')) {
    refuse(option, address, 'no e-mail address', 'one such as orders@example.com')
  }
  return `${local}@${readDnsName(host, `the host of ${option}`)}`
}

/**
 * Checks an absolute URI (RFC 3986), and a SPIFFE ID if its scheme is spiffe.
 *
 * @returns the URI; one with characters outside of ASCII as RFC 3987 section 3.1 maps it
 * @throws DevCaOptionError
 */
export function readUri (uri: string, option: string): string {
  if (/^spiffe:/i.test(uri)) return readSpiffeId(uri, option)
  const mapped = ASCII.test(uri) ? uri : mapIri(uri)
  const hasHost = !/^[a-z0-9+.-]+:\/\//i.test(mapped) || URL.canParse(mapped)
  if (URI.test(mapped) && hasHost) return mapped
  return refuse(option, uri, 'no absolute URI', 'one such as https://orders.example/ or urn:example:orders')
}

function mapIri (iri: string): string {
  return iri.isWellFormed() && URL.canParse(iri) ? new URL(iri).href : ''
}

/** @throws DevCaOptionError with the reason */
export function readSpiffeId (id: string, option: string): string {
  try {
    return parseSpiffeId(id).toString()
  } catch (error) {
    const found = `no SPIFFE ID (${(error as Error).message.replace(/^[^:]*: /, '')})`
    return refuse(option, id, found, 'one such as spiffe://dev.example/ns/shop/sa/orders')
  }
}

/** Text that UTF-8 can encode, and that is not empty. @throws DevCaOptionError */
export function readText (text: string, option: string): string {
  if (text === '') refuse(option, text, 'nothing', 'a name of at least one character')
  if (!text.isWellFormed()) refuse(option, text, 'half of a surrogate pair, which UTF-8 cannot encode', 'a whole name')
  return text
}

function refuse (option: string, value: string, found: string, expected: string): never {
  const text = JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
  throw new DevCaOptionError(`${option} is ${text}: found ${found}; expected ${expected}`)
}
