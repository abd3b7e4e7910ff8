import { webcrypto } from 'node:crypto'
import { MTLS_ERR_DEV_CA_OPTION } from './errors.ts'
import type { KeyType } from './options.ts'

const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]) }
const ALGORITHMS: Readonly<Record<KeyType, { readonly generate: any, readonly sign: any }>> = {
  'ec-p256': { generate: { name: 'ECDSA', namedCurve: 'P-256' }, sign: { name: 'ECDSA', hash: 'SHA-256' } },
  'ec-p384': { generate: { name: 'ECDSA', namedCurve: 'P-384' }, sign: { name: 'ECDSA', hash: 'SHA-384' } },
  'rsa-2048': { generate: { ...RSA, modulusLength: 2048 }, sign: RSA },
  'rsa-3072': { generate: { ...RSA, modulusLength: 3072 }, sign: RSA },
  ed25519: { generate: { name: 'Ed25519' }, sign: { name: 'Ed25519' } }
}

export interface KeyPair {
  readonly publicKey: webcrypto.CryptoKey
  readonly privateKey: webcrypto.CryptoKey
  /** How this key signs, for WebCrypto. */
  readonly signingAlgorithm: any
  /** PKCS#8 PEM. */
  readonly pem: string
}

/** Makes a key pair. @throws MTLS_ERR_DEV_CA_OPTION on an unknown type. */
export async function generateKeyPair (type: KeyType = 'ec-p256'): Promise<KeyPair> {
  if (!Object.hasOwn(ALGORITHMS, type)) throw new MTLS_ERR_DEV_CA_OPTION(`key is "${String(type)}"; expected one of ${Object.keys(ALGORITHMS).join(', ')}`)
  const { generate, sign } = ALGORITHMS[type]
  const pair = await webcrypto.subtle.generateKey(generate, true, ['sign', 'verify']) as webcrypto.CryptoKeyPair
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', pair.privateKey))
  return { ...pair, signingAlgorithm: sign, pem: encodePem('PRIVATE KEY', pkcs8) }
}

export function encodePem (label: string, der: Uint8Array): string {
  const lines = Buffer.from(der).toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
