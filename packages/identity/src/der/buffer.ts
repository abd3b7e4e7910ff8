/**
 * The same bytes as a Buffer, without a copy. A Buffer is returned unchanged, because creating a view costs as much
 * as reading a short text.
 */
export function asBuffer (bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
