import { isIP } from 'node:net'
import type { PeerIdentity } from '@peerkit/identity'
import { defineOptions, flag, list, methods, valueOf } from '@peerkit/identity/internal'
import { ForwardedOptionError } from '../errors.ts'
import { readRanges } from './address-ranges.ts'

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

/** Maximum number of cached addresses, of gateways only: strangers could fill the cache. The ranges never change. */
const MAX_ADDRESSES = 1_000

/** Returns a function that says whether a sender is a trusted gateway. @throws ForwardedOptionError */
export function createGatewayTrust (trust: GatewayTrust): (request: Sender) => boolean {
  OPTIONS.check(trust, 'gateways')
  const { identity, addresses = [], unixSocket = false } = trust
  if (identity === undefined && addresses.length === 0 && !unixSocket) {
    throw new ForwardedOptionError('gateways is empty; expected identity, addresses or unixSocket')
  }
  const ranges = readRanges(addresses)
  const known = new Set<string>()
  const isInRange = (address: string): boolean => {
    const family = isIP(address)
    const isTrusted = family !== 0 && ranges.check(address, family === 6 ? 'ipv6' : 'ipv4')
    if (isTrusted && known.size < MAX_ADDRESSES) known.add(address)
    return isTrusted
  }
  return ({ sender, remoteAddress, unixSocket: isUnix = false }) => {
    if (sender !== undefined && identity !== undefined && isAllowed(identity, sender)) return true
    if (isUnix || remoteAddress === undefined) return unixSocket && isUnix
    return known.has(remoteAddress) || isInRange(remoteAddress)
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
