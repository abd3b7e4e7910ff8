import crypto from 'node:crypto'

/**
 * SHA-256 of a leaf and the certificates sent along, each with its length before it, so that no other cut of the same octets has this key. As latin1, which is the
 * shortest text.
 */
export function chainKey (leaf: Uint8Array, intermediates: readonly Uint8Array[]): string {
  let size = 4 + leaf.length
  for (const { length } of intermediates) size += 4 + length
  const joined = Buffer.allocUnsafe(size)
  let at = append(joined, leaf, 0)
  for (const certificate of intermediates) at = append(joined, certificate, at)
  return crypto.hash('sha256', joined, 'binary')
}

function append (joined: Buffer, octets: Uint8Array, at: number): number {
  joined.writeUInt32BE(octets.length, at)
  joined.set(octets, at + 4)
  return at + 4 + octets.length
}
