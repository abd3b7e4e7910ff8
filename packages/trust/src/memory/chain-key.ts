import crypto from 'node:crypto'

/**
 * The SHA-256 of a leaf and the certificates sent with it. Each is preceded by its length, so that the same octets
 * split in another way have another key. The result is a latin1 string, which is the shortest.
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
