import 'reflect-metadata'
import { createPublicKey, webcrypto } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { IssuerOptionError } from '../errors.ts'
import type { RequestedNames } from './requested-names.ts'

/** A certificate request (PKCS#10, RFC 2986). */
export interface CertificateRequest {
  readonly pem: string
  readonly der: Uint8Array
}

type SanKind = 'dns' | 'ip' | 'url' | 'email'

/**
 * Makes a certificate request for a key, signed by it. The private key stays in the process.
 *
 * @param privateKey the key that the certificate is for
 * @param names the names to ask for
 * @throws IssuerOptionError if the key is of a type that requests cannot be signed with
 * @example
 * ```ts
 * import { generateKeyPairSync } from 'node:crypto'
 * const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
 * const { pem } = await createCertificateRequest(privateKey, { cn: 'ledger', dns: ['ledger.example'] })
 * console.log(pem.split('\n')[0]) // -----BEGIN CERTIFICATE REQUEST-----
 * ```
 */
export async function createCertificateRequest (
  privateKey: KeyObject, names: RequestedNames
): Promise<CertificateRequest> {
  const { generate, sign } = algorithmOf(privateKey)
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' })
  const spki = createPublicKey(privateKey as never).export({ type: 'spki', format: 'der' })
  const keys = {
    privateKey: await webcrypto.subtle.importKey('pkcs8', new Uint8Array(pkcs8), generate as never, false, ['sign']),
    publicKey: await webcrypto.subtle.importKey('spki', new Uint8Array(spki), generate as never, true, ['verify'])
  }
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: new x509.Name(subjectOf(names)),
    keys: keys as never,
    signingAlgorithm: sign as never,
    extensions: extensionsOf(names)
  }, webcrypto as never)
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

interface KeyAlgorithm { readonly generate: object, readonly sign: object }

/** @throws IssuerOptionError */
function algorithmOf ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): KeyAlgorithm {
  const curve = asymmetricKeyDetails?.namedCurve
  const found = ALGORITHMS[curve ?? asymmetricKeyType ?? '']
  if (found !== undefined) return found
  const shown = curve === undefined ? String(asymmetricKeyType) : `${String(asymmetricKeyType)} (${curve})`
  throw new IssuerOptionError(`the key is of type ${shown}; expected P-256, P-384, P-521, Ed25519 or RSA`)
}

const ec = (namedCurve: string, hash: string): KeyAlgorithm => ({
  generate: { name: 'ECDSA', namedCurve }, sign: { name: 'ECDSA', hash }
})
const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
const ALGORITHMS: Readonly<Record<string, KeyAlgorithm | undefined>> = {
  prime256v1: ec('P-256', 'SHA-256'),
  secp384r1: ec('P-384', 'SHA-384'),
  secp521r1: ec('P-521', 'SHA-512'),
  ed25519: { generate: { name: 'Ed25519' }, sign: { name: 'Ed25519' } },
  rsa: { generate: RSA, sign: RSA }
}
