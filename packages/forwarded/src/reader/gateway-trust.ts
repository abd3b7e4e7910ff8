import { BlockList, isIP } from 'node:net'
import type { PeerIdentity } from '@peerkit/identity'
import { defineOptions, flag, list, methods, valueOf } from '@peerkit/identity/internal'
import { parseIpAddress } from '@peerkit/identity/x509'
import { ForwardedOptionError } from '../errors.ts'

/** Decides by the sender's own certificate whether it is a trusted gateway. An `Authorizer` of @peerkit/rules fits. */
export interface GatewayAuthorizer {
  /** Must answer synchronously: a promise or an exception counts as "not allowed". */
  authorize(sender: PeerIdentity): { readonly allowed: boolean } | Promise<unknown>
}

/** The trusted gateways. A sender that matches one of the entries is trusted; at least one is required. */
export interface GatewayTrust {
  /** Rules for the gateway's own client certificate. This is the strongest check. */
  readonly identity?: GatewayAuthorizer
  /** IP addresses or CIDR ranges, for gateways that cannot use mutual TLS. */
  readonly addresses?: readonly string[]
  /** Whether to trust every process that connects over a Unix socket. Default false. */
  readonly unixSocket?: boolean
}

const OPTIONS = defineOptions<GatewayTrust>('gateways', ForwardedOptionError, {
  identity: methods(['authorize']),
  addresses: list(
    'IP addresses and CIDR ranges', valueOf('an IP address or a CIDR range', (address) => typeof address === 'string')
  ),
  unixSocket: flag
})

/** Who sent a request. */
export interface Sender {
  /** The sender's identity from its own TLS handshake with this server; undefined if it had no certificate. */
  readonly sender: PeerIdentity | undefined
  /** The sender's IP address, from the socket. */
  readonly remoteAddress: string | undefined
  /**
   * Whether the connection came over a Unix socket. Default false. A missing address does not prove it: a TCP socket
   * that was reset has no address either.
   */
  readonly unixSocket?: boolean
}

/** Maximum number of cached addresses. The ranges never change. */
const MAX_ADDRESSES = 1_000

/** Returns a function that says whether a sender is a trusted gateway. @throws ForwardedOptionError */
export function createGatewayTrust (trust: GatewayTrust): (request: Sender) => boolean {
  OPTIONS.check(trust, 'gateways')
  const { identity, addresses = [], unixSocket = false } = trust
  if (identity === undefined && addresses.length === 0 && !unixSocket) {
    throw new ForwardedOptionError('gateways is empty; expected identity, addresses or unixSocket')
  }
  const ranges = readRanges(addresses)
  const known = new Map<string, boolean>()
  const isInRange = (address: string): boolean => {
    const family = isIP(address)
    const verdict = family !== 0 && ranges.check(address, family === 6 ? 'ipv6' : 'ipv4')
    if (known.size < MAX_ADDRESSES) known.set(address, verdict)
    return verdict
  }
  return ({ sender, remoteAddress, unixSocket: isUnix = false }) => {
    if (sender !== undefined && identity !== undefined && isAllowed(identity, sender)) return true
    if (isUnix || remoteAddress === undefined) return unixSocket && isUnix
    return known.get(remoteAddress) ?? isInRange(remoteAddress)
  }
}

/** A promise or an exception counts as "not allowed". */
export function isAllowed (authorizer: GatewayAuthorizer, peer: PeerIdentity): boolean {
  try {
    const verdict = authorizer.authorize(peer)
    return 'allowed' in verdict && verdict.allowed === true
  } catch {
    return false
  }
}

function readRanges (addresses: readonly string[]): BlockList {
  const ranges = new BlockList()
  for (const [index, text] of addresses.entries()) {
    const [address = '', prefix, ...rest] = text.split('/')
    const family = isIP(address)
    const bits = prefix === undefined ? undefined : Number(prefix)
    const most = family === 6 ? 128 : 32
    if (family === 0 || rest.length > 0 || (bits !== undefined && !(/^\d{1,3}$/.test(prefix ?? '') && bits <= most))) {
      throw new ForwardedOptionError(
        `gateways.addresses[${index}] is "${text}"; expected an IP address or a CIDR range`
      )
    }
    if (bits !== undefined) checkRange(text, address, bits, most, index)
    const type = family === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) ranges.addAddress(address, type)
    else ranges.addSubnet(address, bits, type)
  }
  return ranges
}

/** Refuses a range that trusts everyone, or that is written with an address inside of it. */
function checkRange (text: string, address: string, bits: number, most: number, index: number): void {
  const where = `gateways.addresses[${index}] is "${text}"`
  if (bits === 0) {
    const all = most === 32 ? 'IPv4 address, and no IPv6 address' : 'IPv6 address, and no IPv4 address'
    throw new ForwardedOptionError(
      `${where}: a prefix of 0 is every ${all}; expected the addresses of the gateways: ` +
        'whoever has one may speak for any client'
    )
  }
  if (hasHostBits(address, bits)) {
    throw new ForwardedOptionError(
      `${where}: the address has bits set behind the prefix; expected the first address of the range, ` +
        `or "${address}" alone`
    )
  }
}

function hasHostBits (address: string, bits: number): boolean {
  return parseIpAddress(address).some((octet, index) => {
    const left = Math.min(8, Math.max(0, bits - index * 8))
    return (octet & (0xff >> left)) !== 0
  })
}
