import { createPublicKey } from 'node:crypto'
import { CredentialsUnavailableError } from '@peerkit/credentials'
import type { SigningKey } from '@peerkit/credentials'
import type { Pkcs11Uri } from '@peerkit/credentials/internal'
import type { P11Crypto, P11Key } from './webcrypto-p11.ts'

/** A key pair that fits a URI. */
interface Found { readonly name: string, readonly key: P11Key }

/**
 * Finds the key of a URI in an open session that is logged in.
 *
 * @param where the option and the key, for errors
 * @throws CredentialsUnavailableError (`token`)
 */
export async function findSigner (session: P11Crypto, uri: Pkcs11Uri, where: string): Promise<SigningKey> {
  const names = await session.keyStorage.keys()
  const privateKey = await findOne(session, names, 'private', uri, where)
  // A public key that belongs to it has the same identifier (PKCS#11 3.1 section 4.6.3).
  const id = privateKey.name.split('-')[2] ?? ''
  const publicKey = await findOne(session, names.filter((name) => name.endsWith(`-${id}`)), 'public', uri, where)
  const spki = Buffer.from(await session.subtle.exportKey('spki', publicKey.key))
  const shown = createPublicKey({ key: spki, format: 'der', type: 'spki' })
  return {
    publicKey: shown.export({ type: 'spki', format: 'pem' }) as string,
    async sign (algorithm, data) {
      return new Uint8Array(await session.subtle.sign(algorithm, privateKey.key, data))
    }
  }
}

async function findOne (
  session: P11Crypto, names: readonly string[], type: 'private' | 'public', { values }: Pkcs11Uri, where: string
): Promise<Found> {
  const id = values.get('id')?.toString('hex')
  const label = values.get('object')?.toString()
  const fitting = names.filter((name) => name.startsWith(`${type}-`) && (id === undefined || name.endsWith(`-${id}`)))
  const keys = await Promise.all(fitting.map(async (name) => ({ name, key: await load(session, name, type) })))
  const found = keys.filter(({ key }) => key !== undefined && (label === undefined || key.algorithm.label === label))
  const [one] = found as Found[]
  if (one !== undefined && found.length === 1) return one
  const count = found.length === 0 ? `no ${type} key` : `${found.length} ${type} keys`
  throw new CredentialsUnavailableError('token', `${where}: found ${count} that fit the URI; expected one of EC or RSA`)
}

/** A key for signatures; undefined for one of another type. */
async function load ({ keyStorage }: P11Crypto, name: string, type: 'private' | 'public'): Promise<P11Key | undefined> {
  try {
    const { algorithm } = await keyStorage.getItem(name)
    const isRsa = algorithm.name.startsWith('RSA')
    if (!isRsa && !algorithm.name.startsWith('EC')) return undefined
    const signs = isRsa ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } : { ...algorithm, name: 'ECDSA' }
    return await keyStorage.getItem(name, signs, type === 'public', [type === 'public' ? 'verify' : 'sign'])
  } catch {
    return undefined
  }
}
