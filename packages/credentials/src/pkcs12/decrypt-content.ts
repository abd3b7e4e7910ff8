import { createDecipheriv, createHash, pbkdf2Sync } from 'node:crypto'
import { decodeSmallInteger, DerReader, malformed, TAG } from '@peerkit/identity/der'
import { readAlgorithm } from '@peerkit/identity/x509'
import type { AlgorithmIdentifier } from '@peerkit/identity/x509'

export const PBES2 = '1.2.840.113549.1.5.13'
const PBKDF2 = '1.2.840.113549.1.5.12'
const SHA1_3DES = '1.2.840.113549.1.12.1.3'

const CIPHERS: Readonly<Record<string, { readonly name: string, readonly keyLength: number }>> = {
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', keyLength: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', keyLength: 24 },
  '2.16.840.1.101.3.4.1.42': { name: 'aes-256-cbc', keyLength: 32 },
  '1.2.840.113549.3.7': { name: 'des-ede3-cbc', keyLength: 24 }
}
const HASHES: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512'
}

/** More than any tool writes. The limits matter because the work is synchronous. That of 3DES is done in JavaScript. */
const MAX_ITERATIONS = 10_000_000
const MAX_ITERATIONS_3DES = 1_000_000

/** Decrypts content: PBES2 (RFC 8018 section 6.2), or PBE with 3DES (RFC 7292 appendix C). */
export function decryptContent (algorithm: AlgorithmIdentifier, content: Uint8Array, passphrase: string): Buffer {
  const { cipher, key, iv } = deriveCipher(algorithm, passphrase)
  const decipher = createDecipheriv(cipher, key, iv)
  return Buffer.concat([decipher.update(content), decipher.final()])
}

function deriveCipher (
  { oid, parameters = new Uint8Array() }: AlgorithmIdentifier, passphrase: string
): { cipher: string, key: Uint8Array, iv: Uint8Array } {
  const fields = new DerReader(parameters).enter(TAG.sequence)
  if (oid === SHA1_3DES) {
    const salt = readOctets(fields)
    const iterations = readIterations(fields, MAX_ITERATIONS_3DES)
    const derive = (id: number, length: number): Buffer => deriveKey({ passphrase, salt, iterations, id, length })
    return { cipher: 'des-ede3-cbc', key: derive(1, 24), iv: derive(2, 8) }
  }
  if (oid !== PBES2) malformed('tag_unexpected', 0)
  const kdf = readAlgorithm(fields.bytes, fields.expect(TAG.sequence))
  const scheme = readAlgorithm(fields.bytes, fields.expect(TAG.sequence))
  const cipher = CIPHERS[scheme.oid]
  if (kdf.oid !== PBKDF2 || cipher === undefined) return malformed('tag_unexpected', 0)
  const iv = readOctets(new DerReader(scheme.parameters ?? new Uint8Array()))
  return { cipher: cipher.name, key: derivePbkdf2(kdf, passphrase, cipher.keyLength), iv }
}

/** PBKDF2-params (RFC 8018 appendix A.2). */
function derivePbkdf2 (
  { parameters = new Uint8Array() }: AlgorithmIdentifier, passphrase: string, keyLength: number
): Buffer {
  const fields = new DerReader(parameters).enter(TAG.sequence)
  const salt = readOctets(fields)
  const iterations = readIterations(fields)
  fields.optional(TAG.integer)
  const prf = fields.done ? '1.2.840.113549.2.7' : readAlgorithm(fields.bytes, fields.expect(TAG.sequence)).oid
  return pbkdf2Sync(passphrase, salt, iterations, keyLength, HASHES[prf] ?? malformed('tag_unexpected', 0))
}

function readIterations (fields: DerReader, most = MAX_ITERATIONS): number {
  const { contentStart, end } = fields.expect(TAG.integer)
  const iterations = decodeSmallInteger(fields.bytes, contentStart, end)
  return iterations > 0 && iterations <= most ? iterations : malformed('too_large', contentStart)
}

export function readOctets (fields: DerReader): Uint8Array {
  const { contentStart, end } = fields.expect(TAG.octetString)
  return fields.bytes.subarray(contentStart, end)
}

interface DeriveKeyOptions {
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
function deriveKey ({ passphrase, salt, iterations, id, length }: DeriveKeyOptions): Buffer {
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
