import type { PeerIdentity } from '@peerkit/identity'

/** Why somebody is blocked. */
export interface Blocked {
  /** What blocks, in words: the entry of a list, such as `issuer CN=CA, serial number 0a`. */
  readonly entry: string
  /** What the operator says about it. */
  readonly reason: string | undefined
}

/** Whom the operator keeps out, whatever the CAs say. */
export interface BlockList {
  /** Counts up whenever `find` would answer otherwise. */
  readonly version: number
  /** Whether it is asked for every connection and request, since `version` does not tell when its answers change. Default false. */
  readonly always?: boolean
  /**
   * Whether a certificate is blocked: a client's or a server's own, or a CA's on its path. At once.
   *
   * @param certificate with all that it says, believed or not
   */
  find (certificate: PeerIdentity): Blocked | undefined
}

/**
 * The first certificate that is blocked, and the sentence for it. A list that throws blocks.
 *
 * @example
 * ```ts
 * const block = blockMemory([{ name: 'CN=alice,OU=billing', reason: 'laptop stolen' }])
 * console.log(findBlocked(block, [peer])?.fault) // is blocked by … (laptop stolen)
 * await block.close()
 * ```
 */
export function findBlocked<Certificate extends PeerIdentity> (block: BlockList, certificates: readonly Certificate[]): { readonly certificate: Certificate, readonly fault: string } | undefined {
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
    return { entry: 'the list, which failed', reason: error instanceof Error ? error.message : String(error) }
  }
}
