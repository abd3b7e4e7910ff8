// PKCS#12: the reader behind the MAC. OpenSSL checks the MAC before, so in the product only who knows the passphrase
// reaches it; here everybody does.
import { createCipheriv, pbkdf2Sync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createDevCa } from '@peerkit/dev-ca'
import { readSafe } from '@peerkit/credentials/internal'
import type { SafeContents } from '@peerkit/credentials/internal'
import { decodePem } from '@peerkit/identity'
import { NULL, element, integer, octetString, oid, sequence } from '@peerkit/test-support/der'
import { mutateDer } from '@peerkit/test-support/mutate-der'
import { toDer } from '../../../packages/credentials/src/pkcs12/ber-to-der.ts'
import { hasCode } from '../engine/format.ts'
import type { Format } from '../engine/format.ts'

const FIXTURE = join(import.meta.dirname, '../../../packages/credentials/test/pkcs12/fixtures/bouncycastle.p12')
const PASSPHRASE = 'secret'
const DATA = '1.2.840.113549.1.7.1'
const BAG = '1.2.840.113549.1.12.10.1.'
const ca = await createDevCa()
const issued = await ca.issue({ cn: 'pfx' })
const key = decodePem(issued.key, 'PRIVATE KEY')[0] as Uint8Array

const SALT = Buffer.from('salt')
const IV = Buffer.alloc(16, 7)
/** Key derivations are slow on purpose. One round is enough to get past them. */
const ITERATIONS = 1

const explicit = (content: Buffer): Buffer => element(0xa0, content)
const contentOf = (data: Buffer): Buffer => sequence(oid(DATA), explicit(octetString(data)))
const certBag = (der: Uint8Array): Buffer => sequence(
  oid(`${BAG}3`), explicit(sequence(oid('1.2.840.113549.1.9.22.1'), explicit(octetString(Buffer.from(der)))))
)
const keyBag = (der: Uint8Array): Buffer => sequence(oid(`${BAG}1`), explicit(Buffer.from(der)))
/** A file without encryption and without a MAC. */
const pfxOf = (...bags: readonly Buffer[]): Buffer => sequence(integer(3), contentOf(sequence(contentOf(sequence(...bags)))))

/** Encrypted by PBES2 with AES-256 (RFC 8018 section 6.2). */
function encryptedContent (content: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-cbc', pbkdf2Sync(PASSPHRASE, SALT, ITERATIONS, 32, 'sha256'), IV)
  const kdf = sequence(
    oid('1.2.840.113549.1.5.12'), sequence(octetString(SALT), integer(ITERATIONS), sequence(oid('1.2.840.113549.2.9'), NULL))
  )
  const scheme = sequence(oid('2.16.840.1.101.3.4.1.42'), octetString(IV))
  const algorithm = sequence(oid('1.2.840.113549.1.5.13'), sequence(kdf, scheme))
  const encrypted = Buffer.concat([cipher.update(content), cipher.final()])
  const info = sequence(oid(DATA), algorithm, element(0x80, encrypted))
  return sequence(oid('1.2.840.113549.1.7.6'), explicit(sequence(integer(0), info)))
}

/** As BouncyCastle writes it, in BER, with few rounds: it does not decrypt any more. */
function quickFixture (): Buffer {
  const bytes = readFileSync(FIXTURE)
  // INTEGER 51200.
  for (let at = bytes.indexOf('020300c800', 0, 'hex'); at !== -1; at = bytes.indexOf('020300c800', at + 1, 'hex')) bytes.write('0203000001', at, 'hex')
  return bytes
}

export const pkcs12: Format = {
  name: 'pkcs12',
  seeds: [
    pfxOf(certBag(issued.der), keyBag(key)), pfxOf(certBag(issued.der), certBag(ca.der), keyBag(key)), pfxOf(), quickFixture(),
    Buffer.from(toDer(quickFixture())), sequence(integer(3), contentOf(sequence(encryptedContent(sequence(certBag(issued.der))), contentOf(sequence(keyBag(key))))))
  ],
  mutate: mutateDer,
  read: (input) => readSafe(input, PASSPHRASE),
  // `openSafe` turns both into CredentialsRefusedError.
  isDocumented: (error) => hasCode(error, 'MTLS_ERR_DER_INVALID') || /^ERR_(OSSL|CRYPTO|OUT_OF_RANGE)/.test(String((error as { code?: unknown }).code)),
  label: ({ certificates, keys }: SafeContents) => `${certificates.length} certificates, ${keys.length} keys`,
  maxSteps: (octets) => 10_000 + 200 * octets
}
