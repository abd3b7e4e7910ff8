import 'reflect-metadata'
import { createPublicKey, webcrypto } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import type { SigningAlgorithm, SigningKey } from '@peerkit/credentials'
import { IssuerError, IssuerOptionError } from '../errors.ts'
import type { RequestedNames } from './requested-names.ts'

/** A certificate request (PKCS#10, RFC 2986). */
export interface CertificateRequest {
  readonly pem: string
  readonly der: Uint8Array
}

type SanKind = 'dns' | 'ip' | 'url' | 'email'

/**
 * Makes a certificate request for a key, signed by it. The private key stays in the process, or in its token.
 *
 * @param privateKey the key that the certificate is for
 * @param names the names to ask for
 * @throws IssuerOptionError if the key is of a type that requests cannot be signed with
 * @throws IssuerError if a token signs with another key than its public key says
 * @example
 * ```ts
 * import { generateKeyPairSync } from 'node:crypto'
 * const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
 * const { pem } = await createCertificateRequest(privateKey, { cn: 'ledger', dns: ['ledger.example'] })
 * console.log(pem.split('\n')[0]) // -----BEGIN CERTIFICATE REQUEST-----
 * ```
 */
export async function createCertificateRequest (
  privateKey: KeyObject | SigningKey, names: RequestedNames
): Promise<CertificateRequest> {
  if ('sign' in privateKey) return await requestOfToken(privateKey, names)
  const { generate, sign } = algorithmOf(privateKey)
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' })
  const spki = createPublicKey(privateKey as never).export({ type: 'spki', format: 'der' })
  const keys = {
    privateKey: await webcrypto.subtle.importKey('pkcs8', new Uint8Array(pkcs8), generate as never, false, ['sign']),
    publicKey: await webcrypto.subtle.importKey('spki', new Uint8Array(spki), generate as never, true, ['verify'])
  }
  return show(await makeRequest(keys, sign, names, webcrypto))
}

/** The token signs what is to be signed. Everything else is done here. */
async function requestOfToken (key: SigningKey, names: RequestedNames): Promise<CertificateRequest> {
  const spki = createPublicKey(key.publicKey)
  const { generate, sign } = algorithmOf(spki)
  if (sign.name === 'Ed25519') {
    throw new IssuerOptionError('the key in the token is of type Ed25519; expected EC or RSA')
  }
  const der = new Uint8Array(spki.export({ type: 'spki', format: 'der' }))
  const publicKey = await webcrypto.subtle.importKey('spki', der, generate as never, true, ['verify'])
  const subtle = {
    exportKey: async () => await webcrypto.subtle.exportKey('spki', publicKey),
    sign: async (_algorithm: object, _key: object, data: ArrayBuffer) => {
      const signature = await key.sign(sign, new Uint8Array(data))
      return new Uint8Array(signature).buffer
    }
  }
  const keys = { publicKey, privateKey: { algorithm: publicKey.algorithm } }
  const request = await makeRequest(keys, sign, names, { subtle })
  if (!await request.verify(webcrypto as never).catch(() => false)) {
    throw new IssuerError('answer', 'the token signed the request with another key than its public key')
  }
  return show(request)
}

async function makeRequest (
  keys: object, signingAlgorithm: object, names: RequestedNames, crypto: object
): Promise<x509.Pkcs10CertificateRequest> {
  return await x509.Pkcs10CertificateRequestGenerator.create({
    name: new x509.Name(subjectOf(names)),
    keys: keys as never,
    signingAlgorithm: signingAlgorithm as never,
    extensions: extensionsOf(names)
  }, crypto as never)
}

function show (request: x509.Pkcs10CertificateRequest): CertificateRequest {
  return { pem: `${request.toString('pem')}\n`, der: new Uint8Array(request.rawData) }
}

function subjectOf ({ cn, o, ou }: RequestedNames): x509.JsonName {
  const attributes = { O: o, OU: ou, CN: cn }
  return Object.entries(attributes).flatMap(([type, value]) => value === undefined ? [] : [{ [type]: [value] }])
}

function extensionsOf ({ dns = [], ip = [], uri = [], email = [] }: RequestedNames): x509.Extension[] {
  const kinds: ReadonlyArray<readonly [SanKind, readonly string[]]> = [
    ['dns', dns], ['ip', ip], ['url', uri], ['email', email]
  ]
  const names = kinds.flatMap(([type, values]) => values.map((value) => ({ type, value })))
  return names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]
}

interface KeyAlgorithm {
  readonly generate: object
  readonly sign: SigningAlgorithm | { readonly name: 'Ed25519' }
}

/** @throws IssuerOptionError */
function algorithmOf ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): KeyAlgorithm {
  const curve = asymmetricKeyDetails?.namedCurve
  const found = ALGORITHMS[curve ?? asymmetricKeyType ?? '']
  if (found !== undefined) return found
  const shown = curve === undefined ? String(asymmetricKeyType) : `${String(asymmetricKeyType)} (${curve})`
  throw new IssuerOptionError(`the key is of type ${shown}; expected P-256, P-384, P-521, Ed25519 or RSA`)
}

const ec = (namedCurve: string, hash: SigningAlgorithm['hash']): KeyAlgorithm => ({
  generate: { name: 'ECDSA', namedCurve }, sign: { name: 'ECDSA', hash }
})
const RSA: SigningAlgorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
const ALGORITHMS: Readonly<Record<string, KeyAlgorithm | undefined>> = {
  prime256v1: ec('P-256', 'SHA-256'),
  secp384r1: ec('P-384', 'SHA-384'),
  secp521r1: ec('P-521', 'SHA-512'),
  ed25519: { generate: { name: 'Ed25519' }, sign: { name: 'Ed25519' } },
  rsa: { generate: RSA, sign: RSA }
}
