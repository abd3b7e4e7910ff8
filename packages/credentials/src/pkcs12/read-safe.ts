import { decodeObjectIdentifier, DerReader, TAG } from '@peerkit/identity/der'
import { readAlgorithm } from '@peerkit/identity/x509'
import { toDer } from './ber-to-der.ts'
import { decryptContent, readOctets } from './decrypt-content.ts'

/** The contents of a PKCS#12 file, in the order of the file. */
export interface SafeContents {
  /** DER. */
  readonly certificates: Uint8Array[]
  /** PKCS#8 DER. */
  readonly keys: Array<{ readonly der: Uint8Array, readonly isEncrypted: boolean }>
}

const DATA = '1.2.840.113549.1.7.1'
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6'
const BAGS = '1.2.840.113549.1.12.10.1.'
const X509_CERTIFICATE = '1.2.840.113549.1.9.22.1'
const CONTEXT_0 = 0xa0

/**
 * Reads PFX (RFC 7292 section 4), in DER or BER. The caller checks the MAC.
 *
 * @throws DerInvalidError, or the error of node:crypto for a wrong passphrase
 */
export function readSafe (pfx: Uint8Array, passphrase: string): SafeContents {
  const found: SafeContents = { certificates: [], keys: [] }
  const outer = new DerReader(toDer(pfx)).enter(TAG.sequence)
  outer.expect(TAG.integer)
  const authSafe = new DerReader(toDer(readContentInfo(outer.enter(TAG.sequence), passphrase))).enter(TAG.sequence)
  while (!authSafe.done) readBags(toDer(readContentInfo(authSafe.enter(TAG.sequence), passphrase)), found)
  return found
}

/** Returns the content of a ContentInfo, decrypted. Content encrypted to a public key is skipped. */
function readContentInfo (info: DerReader, passphrase: string): Uint8Array {
  const type = readOid(info)
  const content = info.enter(CONTEXT_0)
  if (type === DATA) return readOctets(content)
  if (type !== ENCRYPTED_DATA) return new Uint8Array([TAG.sequence, 0])
  const encrypted = content.enter(TAG.sequence)
  encrypted.expect(TAG.integer)
  const inner = encrypted.enter(TAG.sequence)
  readOid(inner)
  const algorithm = readAlgorithm(inner.bytes, inner.expect(TAG.sequence))
  return decryptContent(algorithm, readEncrypted(inner), passphrase)
}

/** Reads encryptedContent, an octet string with the tag [0]. In BER it may be constructed of several. */
function readEncrypted (inner: DerReader): Uint8Array {
  const whole = inner.optional(0x80)
  if (whole !== undefined) return inner.bytes.subarray(whole.contentStart, whole.end)
  const parts = inner.enter(CONTEXT_0)
  const found: Uint8Array[] = []
  while (!parts.done) found.push(readOctets(parts))
  return Buffer.concat(found)
}

function readBags (contents: Uint8Array, found: SafeContents): void {
  const bags = new DerReader(contents).enter(TAG.sequence)
  while (!bags.done) readBag(bags.enter(TAG.sequence), found)
}

/** Reads one SafeBag. CRLs and secrets are skipped. */
function readBag (bag: DerReader, found: SafeContents): void {
  const type = readOid(bag)
  const value = bag.enter(CONTEXT_0)
  const bytes = value.bytes.subarray(value.offset, value.end)
  if (type === `${BAGS}1`) found.keys.push({ der: bytes, isEncrypted: false })
  else if (type === `${BAGS}2`) found.keys.push({ der: bytes, isEncrypted: true })
  else if (type === `${BAGS}3`) readCertBag(value.enter(TAG.sequence), found)
  else if (type === `${BAGS}6`) readBags(bytes, found)
}

function readCertBag (bag: DerReader, found: SafeContents): void {
  if (readOid(bag) === X509_CERTIFICATE) found.certificates.push(readOctets(bag.enter(CONTEXT_0)))
}

function readOid (reader: DerReader): string {
  const { contentStart, end } = reader.expect(TAG.objectIdentifier)
  return decodeObjectIdentifier(reader.bytes, contentStart, end)
}
