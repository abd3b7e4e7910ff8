import { hkdfSync } from 'node:crypto'
import type { CredentialSnapshot } from '@peerkit/credentials'

/**
 * The TLS session ticket keys (48 octets, as Node wants them) of all workers and machines that share a secret and trust the same CAs. They move with the set of CAs, so that a ticket
 * from before a removal is worthless everywhere at once.
 */
export function deriveTicketKeys (secret: Uint8Array, { anchors }: CredentialSnapshot): Buffer {
  const trust = anchors.map(({ fingerprint256 }) => fingerprint256).sort().join()
  return Buffer.from(hkdfSync('sha256', secret, trust, 'peerkit tls session ticket keys', 48))
}
