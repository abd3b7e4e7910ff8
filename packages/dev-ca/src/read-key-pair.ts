import { createPrivateKey, createPublicKey, webcrypto } from 'node:crypto'
import { MTLS_ERR_DEV_CA_STATE } from './errors.ts'
import { describeKey } from './key-pair.ts'
import type { KeyPair } from './key-pair.ts'
import type { KeyType } from './options.ts'

const TYPES: Readonly<Record<string, KeyType>> = {
  prime256v1: 'ec-p256',
  secp384r1: 'ec-p384',
  2048: 'rsa-2048',
  3072: 'rsa-3072',
  ed25519: 'ed25519'
}

/** Reads a key pair from PKCS#8 PEM. @throws MTLS_ERR_DEV_CA_STATE if it is not a key of a known type */
export async function readKeyPair (pem: string, where: string): Promise<KeyPair> {
  let type: KeyType | undefined
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey(pem)
    type = TYPES[asymmetricKeyDetails?.namedCurve ?? asymmetricKeyDetails?.modulusLength ?? asymmetricKeyType ?? '']
  } catch {}
  if (type === undefined) {
    throw new MTLS_ERR_DEV_CA_STATE(`${where} is not a readable private key; expected the key of a CA`)
  }
  const { generate, digest, signatureAlgorithm } = describeKey(type)
  const spki = createPublicKey(pem).export({ type: 'spki', format: 'der' })
  const publicKey = await webcrypto.subtle.importKey('spki', new Uint8Array(spki), generate, true, ['verify'])
  return { publicKey, digest, signatureAlgorithm, pem }
}
