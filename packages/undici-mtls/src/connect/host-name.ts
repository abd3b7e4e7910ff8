import { isIP } from 'node:net'
import type { PeerIdentity } from '@peerkit/identity'
import { parseIpAddress } from '@peerkit/identity/x509'

/**
 * Returns a host name without the dot of an absolute DNS name (`ledger.example.`). SNI and certificates bear no such
 * dot (RFC 6066 section 3, RFC 5280 section 4.2.1.6), so both forms name the same server.
 */
export function withoutRootDot (hostname: string): string {
  return hostname.endsWith('.') && !hostname.endsWith('..') && hostname !== '.' ? hostname.slice(0, -1) : hostname
}

/** Returns the host of a URL; an IPv6 address stands there in brackets. */
export function withoutBrackets (hostname: string): string { return hostname.replace(/^\[|\]$/g, '') }

/**
 * Whether a certificate is for a host name or an IP address. Only subject alternative names count, never the common
 * name (RFC 9525 section 6.3). Names that the server's authority does not vouch for do not count.
 *
 * @param hostname without the dot of an absolute name
 */
export function isForHostName ({ subjectAltNames, notBelieved }: PeerIdentity, hostname: string): boolean {
  const isAddress = isIP(hostname) !== 0
  if (subjectAltNames === undefined || notBelieved.includes(isAddress ? 'ip' : 'dns')) return false
  if (isAddress) {
    const octets = parseIpAddress(hostname)
    return subjectAltNames.ip.some((ip) => Buffer.compare(parseIpAddress(ip), octets) === 0)
  }
  const name = hostname.toLowerCase()
  return isHostName(name) && subjectAltNames.dns.some((pattern) => matches(pattern.toLowerCase(), name))
}

/**
 * Letters, digits, hyphens and underscores. Underscores are not allowed in host names (RFC 952), but occur in the names
 * of containers and DNS services, and Node accepts them.
 */
function isHostName (name: string): boolean {
  return /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/.test(name)
}

/**
 * A wildcard is the whole leftmost label and stands for exactly one label (RFC 9525 section 6.3). At least two labels
 * follow it: `*.example` would be valid for every domain of a registry.
 */
function matches (pattern: string, name: string): boolean {
  if (pattern === name) return true
  if (!pattern.startsWith('*.')) return false
  const parent = pattern.slice(1)
  return parent.indexOf('.', 1) !== -1 && isHostName(parent.slice(1)) && name.slice(name.indexOf('.')) === parent &&
    name.includes('.')
}
