// Certificates of any shape, correct or forged, as raw DER: thousands a second, including ones that no library writes.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { ECDSA_SHA256, TRUE, bitString, element, octetString, sequence, utcTime } from './der.ts'

/** A P-256 key pair, in the shapes that signing, writing and TLS want. */
export interface Keys {
  readonly signer: KeyObject
  readonly verifier: KeyObject
  readonly spki: Buffer
  /** PKCS#8. */
  readonly pem: string
}

export interface Certificate {
  readonly der: Buffer
  readonly pem: string
  readonly tbs: Buffer
  readonly signature: Buffer
}

export interface Fields {
  /** Names as DER. */
  readonly subject: Uint8Array
  readonly issuer: Uint8Array
  readonly keys: Keys
  /** The key that signs, which need not be the issuer's. */
  readonly signer: KeyObject
  readonly extensions?: readonly Buffer[]
}

const HOUR = 3_600_000
const VALIDITY = sequence(utcTime(Date.now() - HOUR), utcTime(Date.now() + 48 * HOUR))
const VERSION_3 = Buffer.from('a003020102', 'hex')

export function makeKeys (): Keys {
  // Encoded in one step, which is much faster than with two KeyObjects.
  const { publicKey: spki, privateKey: pem } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' }
  })
  const verifier = createPublicKey({ key: spki, format: 'der', type: 'spki' })
  return { signer: createPrivateKey(pem), verifier, spki, pem }
}

/** A certificate with a random serial number. */
export function writeCertificate ({ subject, issuer, keys, signer, extensions = [] }: Fields): Certificate {
  const serial = randomBytes(16)
  serial[0] = (serial[0]! & 0x7f) | 0x40
  const tbs = sequence(
    VERSION_3, element(0x02, serial), ECDSA_SHA256, issuer, VALIDITY, subject, keys.spki,
    ...extensions.length === 0 ? [] : [element(0xa3, sequence(...extensions))]
  )
  const signature = sign('sha256', tbs, signer)
  const der = sequence(tbs, ECDSA_SHA256, bitString(signature))
  return { der, pem: toPem(der), tbs, signature }
}

/** A name of relative names: attribute type 2.5.4.N and UTF-8 text. */
export function writeName (...parts: ReadonlyArray<readonly [type: number, text: string]>): Buffer {
  return sequence(...parts.map(([type, text]) => {
    return element(0x31, sequence(Buffer.from([0x06, 0x03, 0x55, 0x04, type]), element(0x0c, Buffer.from(text))))
  }))
}

export const COMMON_NAME = 3
export const ORGANIZATIONAL_UNIT = 11

/** The SHA-1 of the key's bits (RFC 5280 section 4.2.1.2); the head of a P-256 key's SPKI has 26 octets. */
const keyId = ({ spki }: Keys): Buffer => createHash('sha1').update(spki.subarray(26)).digest()

const extension = (oid: string, value: Uint8Array, critical = false): Buffer => {
  return sequence(element(0x06, Buffer.from(oid, 'hex')), ...critical ? [TRUE] : [], octetString(value))
}

/** Of a CA: may sign, with any number of CAs below it. */
export function extensionsOfCa (keys: Keys): Buffer[] {
  return [
    extension('551d13', sequence(TRUE), true), extension('551d0f', Buffer.from('03020106', 'hex'), true),
    extension('551d0e', octetString(keyId(keys)))
  ]
}

/** Of a leaf: for which side of TLS, under whose key, and its alternative names as DER. */
export function extensionsOfLeaf (
  purpose: 'client' | 'server', keys: Keys, issuer: Keys, names: readonly Uint8Array[]
): Buffer[] {
  const eku = Buffer.from(`06082b060105050703${purpose === 'client' ? '02' : '01'}`, 'hex')
  return [
    extension('551d13', sequence(), true),
    extension('551d0f', Buffer.from('03020780', 'hex'), true),
    extension('551d25', sequence(eku)),
    extension('551d0e', octetString(keyId(keys))),
    extension('551d23', sequence(element(0x80, keyId(issuer)))),
    ...names.length === 0 ? [] : [extension('551d11', sequence(...names))]
  ]
}

/** Alternative names (RFC 5280 section 4.2.1.6). */
export const uri = (text: string): Buffer => element(0x86, Buffer.from(text))
export const dnsName = (text: string): Buffer => element(0x82, Buffer.from(text))

function toPem (der: Uint8Array): string {
  const lines = Buffer.from(der).toString('base64').replace(/.{64}(?=.)/g, '$&\n')
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`
}
