import { createHash, createHmac, createPublicKey, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

/** A JSON Web Signature in the flattened form of RFC 8555 section 6.2. */
export interface SignedBody {
  readonly protected: string
  readonly payload: string
  readonly signature: string
}

/** The public part of an account key (RFC 7517), with its members in the order of RFC 7638. */
export type JsonWebKey = Readonly<Record<string, string>>

/** What signs the requests of an account. */
export interface AccountSigner {
  readonly jwk: JsonWebKey
  /** SHA-256 of the public key (RFC 7638), base64url. Part of every key authorization. */
  readonly thumbprint: string
  /** @param payload undefined for POST-as-GET, whose payload is empty */
  sign (header: Readonly<Record<string, unknown>>, payload: object | undefined): SignedBody
}

/** How the requests of a key are signed: the name of the algorithm (RFC 7518) and of its hash. */
interface Algorithm { readonly alg: string, readonly hash: string, readonly members: readonly string[] }

const EC_MEMBERS = ['crv', 'kty', 'x', 'y']
const ALGORITHMS: Readonly<Record<string, Algorithm>> = {
  'P-256': { alg: 'ES256', hash: 'sha256', members: EC_MEMBERS },
  'P-384': { alg: 'ES384', hash: 'sha384', members: EC_MEMBERS },
  'P-521': { alg: 'ES512', hash: 'sha512', members: EC_MEMBERS },
  RSA: { alg: 'RS256', hash: 'sha256', members: ['e', 'kty', 'n'] }
}

/** Shorter RSA keys are refused by every public CA. */
const LEAST_RSA_BITS = 2048

/** What an account key may be, for errors. */
export const EXPECTED_KEY = 'a private key on P-256, P-384 or P-521, or of RSA with at least 2,048 bits'

/** Whether requests can be signed with a key. */
export function canSign (key: KeyObject): boolean {
  if (key.type !== 'private') return false
  const { asymmetricKeyType, asymmetricKeyDetails } = key
  if (asymmetricKeyType === 'rsa') return (asymmetricKeyDetails?.modulusLength ?? 0) >= LEAST_RSA_BITS
  return asymmetricKeyType === 'ec' &&
    ['prime256v1', 'secp384r1', 'secp521r1'].includes(asymmetricKeyDetails?.namedCurve ?? '')
}

/** @param key one that `canSign` accepts */
export function accountSigner (key: KeyObject): AccountSigner {
  const exported = createPublicKey(key as never).export({ format: 'jwk' }) as Readonly<Record<string, string>>
  const { alg, hash, members } = ALGORITHMS[exported['crv'] ?? 'RSA'] as Algorithm
  const jwk = Object.fromEntries(members.map((member) => [member, exported[member] as string]))
  return {
    jwk,
    thumbprint: createHash('sha256').update(JSON.stringify(jwk)).digest('base64url'),
    sign (header, payload) {
      return sealed({ alg, ...header }, payload, (input) => sign(hash, input, { key, dsaEncoding: 'ieee-p1363' }))
    }
  }
}

/** Signs with a shared secret, for external account binding (RFC 8555 section 7.3.4). */
export function signWithSecret (
  secret: Uint8Array, header: Readonly<Record<string, unknown>>, payload: object
): SignedBody {
  return sealed({ alg: 'HS256', ...header }, payload, (input) => createHmac('sha256', secret).update(input).digest())
}

function sealed (header: object, payload: object | undefined, seal: (input: Buffer) => Buffer): SignedBody {
  const head = encode(JSON.stringify(header))
  const body = payload === undefined ? '' : encode(JSON.stringify(payload))
  return { protected: head, payload: body, signature: seal(Buffer.from(`${head}.${body}`)).toString('base64url') }
}

function encode (text: string): string { return Buffer.from(text).toString('base64url') }
