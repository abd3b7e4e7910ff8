import { BlockList, isIP } from 'node:net'
import { clip, describeValue, hasHostBits } from '@peerkit/identity/internal'
import { parseIpAddress } from '@peerkit/identity/x509'
import { ForwardedOptionError } from '../errors.ts'

const BECAUSE = 'expected the addresses of the gateways: whoever has one may speak for any client'

/** A range of addresses, as numbers of 128 bits. IPv4 addresses are in it as in IPv6 (RFC 4291 section 2.5.5.2). */
interface Range { readonly first: bigint, readonly last: bigint }

/** Every IPv4 address. An address of IPv4 is compared with the ranges of IPv6 too. */
const IPV4: Range = { first: 0xffff_0000_0000n, last: 0xffff_ffff_ffffn }

/** Reads `gateways.addresses`. @throws ForwardedOptionError also if the entries have every IPv4 address in them */
export function readRanges (addresses: readonly string[]): BlockList {
  const list = new BlockList()
  const ranges: Range[] = []
  for (const [index, text] of addresses.entries()) {
    const [address = '', prefix, ...rest] = text.split('/')
    const family = isIP(address)
    const most = family === 6 ? 128 : 32
    const bits = prefix === undefined ? most : Number(prefix)
    if (family === 0 || rest.length > 0 || (prefix !== undefined && !(/^\d{1,3}$/.test(prefix) && bits <= most))) {
      throw new ForwardedOptionError(
        `gateways.addresses[${index}] is ${describeValue(text)}; expected an IP address or a CIDR range`
      )
    }
    const range = rangeOf(address, bits, most)
    if (prefix !== undefined) checkRange(text, address, bits, range, index)
    ranges.push(range)
    const type = family === 6 ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, type)
    else list.addSubnet(address, bits, type)
  }
  if (coverIpv4(ranges)) {
    throw new ForwardedOptionError(
      `gateways.addresses is ${clip(addresses.join(', '))}: together they are every IPv4 address; ${BECAUSE}`
    )
  }
  return list
}

/** Refuses a range that trusts everyone, or that is written with an address inside of it. */
function checkRange (text: string, address: string, bits: number, range: Range, index: number): void {
  const where = `gateways.addresses[${index}] is "${text}"`
  if (bits === 0) {
    const all = isIP(address) === 4 ? 'IPv4 address, and no IPv6 address' : 'IPv6 address, and no IPv4 address'
    throw new ForwardedOptionError(`${where}: a prefix of 0 is every ${all}; ${BECAUSE}`)
  }
  if (coverIpv4([range])) {
    throw new ForwardedOptionError(`${where}: it has every IPv4 address in it, as ::ffff:0:0/96; ${BECAUSE}`)
  }
  if (hasHostBits(parseIpAddress(address), bits)) {
    throw new ForwardedOptionError(
      `${where}: the address has bits set behind the prefix; expected the first address of the range, ` +
        `or "${address}" alone`
    )
  }
}

function rangeOf (address: string, bits: number, most: number): Range {
  const number = BigInt(`0x${Buffer.from(parseIpAddress(address)).toString('hex')}`)
  const host = BigInt(most - bits)
  const first = (number >> host << host) + (most === 32 ? IPV4.first : 0n)
  return { first, last: first + (1n << host) - 1n }
}

/** Whether every IPv4 address is in one of the ranges. */
function coverIpv4 (ranges: readonly Range[]): boolean {
  let next = IPV4.first
  for (const { first, last } of ranges.toSorted((one, other) => one.first < other.first ? -1 : 1)) {
    if (first <= next && last >= next) next = last + 1n
  }
  return next > IPV4.last
}
