import { createPrivateKey, createPublicKey, webcrypto } from 'node:crypto'
import { encodePem } from '@peerkit/identity'
import { DevCaOptionError, DevCaStateError } from '../errors.ts'
import type { KeyType } from '../options.ts'
import { encodeElement, encodeObjectIdentifier, encodeSequence } from './der.ts'

const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]) }
const NULL = encodeElement(0x05)

interface Algorithm {
  readonly generate: any
  readonly digest: string | null
  readonly signatureAlgorithm: Uint8Array
}

const rsa = (modulusLength: number): Algorithm => ({
  generate: { ...RSA, modulusLength },
  digest: 'sha256',
  signatureAlgorithm: encodeSequence(encodeObjectIdentifier('1.2.840.113549.1.1.11'), NULL)
})
const ec = (namedCurve: string, bits: number, oid: string): Algorithm => ({
  generate: { name: 'ECDSA', namedCurve },
  digest: `sha${bits}`,
  signatureAlgorithm: encodeSequence(encodeObjectIdentifier(oid))
})

const ALGORITHMS: Readonly<Record<KeyType, Algorithm>> = {
  'ec-p256': ec('P-256', 256, '1.2.840.10045.4.3.2'),
  'ec-p384': ec('P-384', 384, '1.2.840.10045.4.3.3'),
  'rsa-2048': rsa(2048),
  'rsa-3072': rsa(3072),
  ed25519: {
    generate: { name: 'Ed25519' },
    digest: null,
    signatureAlgorithm: encodeSequence(encodeObjectIdentifier('1.3.101.112'))
  }
}

export interface KeyPair {
  readonly publicKey: webcrypto.CryptoKey
  /** The digest for signatures, null for Ed25519. `signatureAlgorithm` is the AlgorithmIdentifier. */
  readonly digest: string | null
  readonly signatureAlgorithm: Uint8Array
  /** PKCS#8 PEM. */
  readonly pem: string
}

/** How to generate keys of a type and sign with them. @throws DevCaOptionError for an unknown type */
function describeKey (type: KeyType): Algorithm {
  if (!Object.hasOwn(ALGORITHMS, type)) {
    throw new DevCaOptionError(`key is "${String(type)}"; expected one of ${Object.keys(ALGORITHMS).join(', ')}`)
  }
  return ALGORITHMS[type]
}

/** Generates a key pair. @throws DevCaOptionError for an unknown type */
export async function generateKeyPair (type: KeyType = 'ec-p256'): Promise<KeyPair> {
  const { generate, digest, signatureAlgorithm } = describeKey(type)
  const pair = await webcrypto.subtle.generateKey(generate, true, ['sign', 'verify']) as webcrypto.CryptoKeyPair
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', pair.privateKey))
  return { publicKey: pair.publicKey, digest, signatureAlgorithm, pem: encodePem(pkcs8, 'PRIVATE KEY') }
}

const TYPES: Readonly<Record<string, KeyType>> = {
  prime256v1: 'ec-p256',
  secp384r1: 'ec-p384',
  2048: 'rsa-2048',
  3072: 'rsa-3072',
  ed25519: 'ed25519'
}

/** Reads a key pair from PKCS#8 PEM. @throws DevCaStateError if it is not a key of a known type */
export async function readKeyPair (pem: string, where: string): Promise<KeyPair> {
  let type: KeyType | undefined
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey(pem)
    type = TYPES[asymmetricKeyDetails?.namedCurve ?? asymmetricKeyDetails?.modulusLength ?? asymmetricKeyType ?? '']
  } catch {}
  if (type === undefined) {
    throw new DevCaStateError(`${where} is not a readable private key; expected the key of a CA`)
  }
  const { generate, digest, signatureAlgorithm } = describeKey(type)
  const spki = createPublicKey(pem).export({ type: 'spki', format: 'der' })
  const publicKey = await webcrypto.subtle.importKey('spki', new Uint8Array(spki), generate, true, ['verify'])
  return { publicKey, digest, signatureAlgorithm, pem }
}
