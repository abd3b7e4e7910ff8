import { createDecipheriv, pbkdf2Sync } from 'node:crypto'
import { DerReader, TAG, decodeObjectIdentifier, decodeSmallInteger, malformed } from '@peerkit/identity/der'
import { readAlgorithm } from '@peerkit/identity/x509'
import type { AlgorithmIdentifier } from '@peerkit/identity/x509'
import { deriveKey } from './derive-key.ts'

const PBES2 = '1.2.840.113549.1.5.13'
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

/** More than any tool writes. The limit matters because the work is synchronous. */
const MAX_ITERATIONS = 10_000_000

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
    const iterations = readIterations(fields)
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
  const prf = fields.done ? '1.2.840.113549.2.7' : readPrf(fields)
  return pbkdf2Sync(passphrase, salt, iterations, keyLength, HASHES[prf] ?? malformed('tag_unexpected', 0))
}

function readPrf (fields: DerReader): string {
  const { contentStart, end } = fields.enter(TAG.sequence).expect(TAG.objectIdentifier)
  return decodeObjectIdentifier(fields.bytes, contentStart, end)
}

function readIterations (fields: DerReader): number {
  const { contentStart, end } = fields.expect(TAG.integer)
  const iterations = decodeSmallInteger(fields.bytes, contentStart, end)
  return iterations > 0 && iterations <= MAX_ITERATIONS ? iterations : malformed('too_large', contentStart)
}

function readOctets (fields: DerReader): Uint8Array {
  const { contentStart, end } = fields.expect(TAG.octetString)
  return fields.bytes.subarray(contentStart, end)
}
