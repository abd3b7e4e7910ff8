import type { PeerIdentity } from '@peerkit/identity'
import type { Certificate } from '../certificate/certificate.ts'
import { blame } from '../refusal.ts'
import type { PathRefused } from '../refusal.ts'

/** Why a certificate is blocked. */
export interface Blocked {
  /** The entry that matches, as text, such as `issuer CN=CA, serial number 0a`. */
  readonly entry: string
  /** The operator's reason. */
  readonly reason: string | undefined
}

/** A list of certificates that the operator refuses, although a trusted CA issued them. */
export interface BlockList {
  /** Increases whenever results of `find` may change. */
  readonly version: number
  /** Calls `find` for every connection and request, if `version` does not tell when results change. Default false. */
  readonly always?: boolean
  /**
   * Finds the entry that blocks a certificate: the peer's own, or a CA of its path. Must be synchronous.
   *
   * @param certificate with all its names, also those that its authority does not vouch for
   * @returns the entry; undefined if the certificate is not blocked
   */
  find (certificate: PeerIdentity): Blocked | undefined
}

/**
 * Finds the first blocked certificate. If `find` of the list throws, the certificate is blocked.
 *
 * @param block the list
 * @param certificates the peer's own certificate and the CAs of its path
 * @returns the certificate and a sentence fragment, such as `is blocked by …`; undefined if none is blocked
 * @example
 * ```ts
 * const block = blockMemory([{ name: 'CN=alice,OU=billing', reason: 'laptop stolen' }])
 * console.log(findBlocked(block, [peer])?.fault) // is blocked by … (laptop stolen)
 * await block.close()
 * ```
 */
export function findBlocked<Certificate extends PeerIdentity> (
  block: BlockList, certificates: readonly Certificate[]
): { readonly certificate: Certificate, readonly fault: string } | undefined {
  for (const certificate of certificates) {
    const blocked = ask(block, certificate)
    if (blocked === undefined) continue
    const { entry, reason } = blocked
    return { certificate, fault: `is blocked by ${entry}${reason === undefined ? '' : ` (${reason})`}` }
  }
  return undefined
}

function ask (block: BlockList, certificate: PeerIdentity): Blocked | undefined {
  try {
    return block.find(certificate)
  } catch (error) {
    return { entry: 'the block list, which failed', reason: error instanceof Error ? error.message : String(error) }
  }
}

/** A blocked leaf is refused on every path. A blocked CA invalidates the paths through it. */
export function checkBlocked (path: readonly Certificate[], block: BlockList | undefined): PathRefused | undefined {
  if (block === undefined) return undefined
  const identities = path.map(({ identity }) => identity)
  const blocked = findBlocked(block, identities)
  return blocked && blame(path[identities.indexOf(blocked.certificate)]!, 'blocked', blocked.fault)
}
