import { createHash } from 'node:crypto'

export interface DeriveKeyOptions {
  readonly passphrase: string
  readonly salt: Uint8Array
  readonly iterations: number
  /** 1 for a key, 2 for an initialisation vector. */
  readonly id: number
  readonly length: number
}

/** Block and output size of SHA-1, in bytes. */
const BLOCK = 64
const OUTPUT = 20
const MODULUS = 1n << BigInt(BLOCK * 8)

/** The key derivation of PKCS#12 with SHA-1 (RFC 7292 appendix B.2). */
export function deriveKey ({ passphrase, salt, iterations, id, length }: DeriveKeyOptions): Buffer {
  // BMPString, big-endian, with a terminating zero (appendix B.1).
  const password = Buffer.from(`${passphrase}\0`, 'utf16le').swap16()
  const diversifier = Buffer.alloc(BLOCK, id)
  let input: Buffer = Buffer.concat([fillBlocks(salt), fillBlocks(password)])
  const parts: Buffer[] = []
  for (let made = 0; made < length; made += OUTPUT) {
    let digest = createHash('sha1').update(diversifier).update(input).digest()
    for (let round = 1; round < iterations; round += 1) digest = createHash('sha1').update(digest).digest()
    parts.push(digest)
    input = addToBlocks(input, fillBlocks(digest).subarray(0, BLOCK))
  }
  return Buffer.concat(parts).subarray(0, length)
}

/** Repeats bytes until whole blocks are full. */
function fillBlocks (bytes: Uint8Array): Buffer {
  return bytes.length === 0 ? Buffer.alloc(0) : Buffer.alloc(Math.ceil(bytes.length / BLOCK) * BLOCK, bytes)
}

/** Adds `addend` + 1 to each block, as big-endian numbers. */
function addToBlocks (input: Buffer, addend: Buffer): Buffer {
  const sum = Buffer.alloc(input.length)
  const increment = BigInt(`0x${addend.toString('hex')}`) + 1n
  for (let at = 0; at < input.length; at += BLOCK) {
    const value = (BigInt(`0x${input.subarray(at, at + BLOCK).toString('hex')}`) + increment) % MODULUS
    sum.write(value.toString(16).padStart(BLOCK * 2, '0'), at, 'hex')
  }
  return sum
}
