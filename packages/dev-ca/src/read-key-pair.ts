import { createPrivateKey, createPublicKey, webcrypto } from 'node:crypto'
import { MTLS_ERR_DEV_CA_STATE } from './errors.ts'
import { describeKey } from './key-pair.ts'
import type { KeyPair } from './key-pair.ts'
import type { KeyType } from './options.ts'

/** Reads a key pair back from its PKCS#8 PEM. @throws MTLS_ERR_DEV_CA_STATE where it is no key that this CA makes */
export async function readKeyPair (pem: string, where: string): Promise<KeyPair> {
  let type: KeyType | undefined
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPrivateKey(pem)
    if (asymmetricKeyType === 'ec') type = asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 'ec-p384' : 'ec-p256'
    else if (asymmetricKeyType === 'rsa') type = asymmetricKeyDetails?.modulusLength === 3072 ? 'rsa-3072' : 'rsa-2048'
    else if (asymmetricKeyType === 'ed25519') type = 'ed25519'
  } catch {}
  if (type === undefined) throw new MTLS_ERR_DEV_CA_STATE(`${where}: expected the private key of a CA, found none that can be read`)
  const { generate, sign, digest, signatureAlgorithm } = describeKey(type)
  const pkcs8 = createPrivateKey(pem).export({ type: 'pkcs8', format: 'der' })
  const spki = createPublicKey(pem).export({ type: 'spki', format: 'der' })
  const privateKey = await webcrypto.subtle.importKey('pkcs8', new Uint8Array(pkcs8), generate, true, ['sign'])
  const publicKey = await webcrypto.subtle.importKey('spki', new Uint8Array(spki), generate, true, ['verify'])
  return { privateKey, publicKey, signingAlgorithm: sign, digest, signatureAlgorithm, pem }
}
