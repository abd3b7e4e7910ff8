import { isIP } from 'node:net'
import type { PeerIdentity } from '@peerkit/identity'
import { toHex } from '@peerkit/identity/der'
import { parseIpAddress, renderIpAddress } from '@peerkit/identity/x509'
import { refuseRule } from '../rule-path.ts'
import type { RulePath } from '../rule-path.ts'
import { listAltNames, readText } from './field-value.ts'
import type { CertificateField, FieldValue } from './field-value.ts'

const EXPECTED = 'an IP address, or a range such as 10.0.0.0/8 or 2001:db8::/32'

/**
 * An address, or a range in CIDR notation without host bits. A range of all addresses is refused: it looks as if it
 * allowed any client, but it covers one family only, and asks for an address in the certificate.
 *
 * @throws RuleInvalidError
 */
export function readIp (value: unknown, path: RulePath): FieldValue {
  const text = readText(value, path, EXPECTED)
  const slash = text.indexOf('/')
  const address = parseIp(slash === -1 ? text : text.slice(0, slash))
  if (address === undefined) refuseRule(path, 'invalid_value', text, EXPECTED)
  if (slash === -1) return rangeValue(address.bits, address.bits, address.value, false)
  const written = text.slice(slash + 1)
  // The prefix length of an IPv4-mapped range counts the 96 leading bits; that of an IPv4 range does not.
  const isMapped = isIP(text.slice(0, slash)) === 6 && address.bits === 32
  const prefix = /^(?:0|[1-9]\d{0,2})$/.test(written) ? Number(written) - (isMapped ? 96 : 0) : -1
  if (prefix < 0 || prefix > address.bits) {
    refuseRule(path, 'invalid_value', text, EXPECTED, `a prefix length is at most ${address.bits}`)
  }
  if (prefix === 0) refuseRule(path, 'invalid_value', text, EXPECTED, describeAll(address.bits))
  const host = BigInt(address.bits - prefix)
  const network = (address.value >> host) << host
  if (network !== address.value) {
    const range = `${renderIp({ bits: address.bits, value: network })}/${prefix}`
    refuseRule(path, 'never_matches', text, EXPECTED, `it has host bits set; the range is ${range}`)
  }
  return rangeValue(address.bits, prefix, address.value, true)
}

function describeAll (bits: 32 | 128): string {
  const [every, no] = bits === 32 ? ['IPv4', 'IPv6'] : ['IPv6', 'IPv4']
  return `it covers every ${every} address and no ${no} address; to allow any address, leave "ip" out`
}

/** Each prefix length is a field of its own: one look-up for each length in use, however many ranges there are. */
function rangeValue (bits: 32 | 128, prefix: number, value: bigint, coversMany: boolean): FieldValue {
  const field: CertificateField = {
    name: `ip/${bits}/${prefix}`,
    segmented: false,
    read: (peer) => listNetworks(peer, bits, prefix)
  }
  const key = keyOf(value, bits, prefix)
  return coversMany ? { field, key, coversMany } : { field, key }
}

function listNetworks (peer: PeerIdentity, bits: 32 | 128, prefix: number): readonly string[] | undefined {
  return listAltNames(peer, 'ip')?.flatMap((text) => {
    const address = parseIp(text)
    return address?.bits === bits ? [keyOf(address.value, bits, prefix)] : []
  })
}

function keyOf (value: bigint, bits: number, prefix: number): string {
  return (value >> BigInt(bits - prefix)).toString(16)
}

/** An address as a number of 32 or 128 bits. */
interface IpAddress {
  readonly bits: 32 | 128
  readonly value: bigint
}

/** RFC 4291 section 2.5.5.2: ::ffff:0:0/96 contains the IPv4 addresses. */
const MAPPED = 0xffffn

/**
 * Parses an address in any form. An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) is the IPv4 address: it is the same
 * node, and another form must not evade a `not`.
 */
export function parseIp (text: string): IpAddress | undefined {
  if (isIP(text) === 0 || text.includes('%')) return undefined
  const octets = parseIpAddress(text)
  const value = BigInt(`0x${toHex(octets)}`)
  if (octets.length === 4) return { bits: 32, value }
  return value >> 32n === MAPPED ? { bits: 32, value: value & 0xffff_ffffn } : { bits: 128, value }
}

/** The address as certificates have it. */
export function renderIp ({ bits, value }: IpAddress): string {
  return renderIpAddress(Buffer.from(value.toString(16).padStart(bits / 4, '0'), 'hex'))
}
