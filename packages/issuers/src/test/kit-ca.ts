import 'reflect-metadata'
import { randomBytes, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const HOUR = 3_600_000

/** A root with an intermediate, of the tests of an issuer. */
export interface KitCa {
  /** The root, PEM. */
  readonly root: string
  /** The intermediate, PEM. */
  readonly intermediate: string
  /** Signs a certificate for a public key. @returns the leaf, PEM */
  sign (publicKey: Uint8Array, validity: Validity): Promise<string>
}

/** Milliseconds since the epoch. */
export interface Validity { readonly notBefore: number, readonly notAfter: number }

/** @param now when it starts, with an hour to spare */
export async function createKitCa (name: string, now: number): Promise<KitCa> {
  const validity = { notBefore: now - 24 * HOUR, notAfter: now + 1000 * 24 * HOUR }
  const [rootKeys, keys] = [await makeKeys(), await makeKeys()]
  const rootName = `CN=${name}`
  const root = await certify({
    subject: rootName,
    issuer: rootName,
    publicKey: rootKeys.publicKey,
    signingKey: rootKeys.privateKey,
    validity,
    isCa: true
  })
  const intermediateName = `CN=${name} intermediate`
  const intermediate = await certify({
    subject: intermediateName,
    issuer: rootName,
    publicKey: keys.publicKey,
    signingKey: rootKeys.privateKey,
    validity,
    isCa: true
  })
  return {
    root: pemOf(root),
    intermediate: pemOf(intermediate),
    async sign (publicKey, leafValidity) {
      return pemOf(await certify({
        subject: 'CN=kit',
        issuer: intermediateName,
        publicKey: new x509.PublicKey(new Uint8Array(publicKey)),
        signingKey: keys.privateKey,
        validity: leafValidity,
        isCa: false
      }))
    }
  }
}

interface Fields {
  readonly subject: string
  readonly issuer: string
  readonly publicKey: webcrypto.CryptoKey | x509.PublicKey
  readonly signingKey: webcrypto.CryptoKey
  readonly validity: Validity
  readonly isCa: boolean
}

async function certify (
  { subject, issuer, publicKey, signingKey, validity, isCa }: Fields
): Promise<x509.X509Certificate> {
  const { keyCertSign, cRLSign, digitalSignature } = x509.KeyUsageFlags
  return await x509.X509CertificateGenerator.create({
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    subject,
    issuer,
    notBefore: new Date(validity.notBefore),
    notAfter: new Date(validity.notAfter),
    publicKey: publicKey as never,
    signingKey: signingKey as never,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(isCa, undefined, true),
      new x509.KeyUsagesExtension(isCa ? keyCertSign | cRLSign : digitalSignature, true),
      ...(isCa ? [] : [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'kit.example' }])])
    ]
  }, webcrypto as never)
}

/** The public key of a certificate request, PEM or DER (PKCS#10), or of a SubjectPublicKeyInfo in PEM. */
export function readRequestedKey (request: string | Uint8Array): Uint8Array {
  if (typeof request === 'string' && request.includes('BEGIN PUBLIC KEY')) {
    return new Uint8Array(x509.PemConverter.decodeFirst(request))
  }
  const given = typeof request === 'string' ? request : new Uint8Array(request)
  return new Uint8Array(new x509.Pkcs10CertificateRequest(given as never).publicKey.rawData)
}

/** A public key that nobody asked for. */
export async function makeOtherKey (): Promise<Uint8Array> {
  const { publicKey } = await makeKeys()
  return new Uint8Array(await webcrypto.subtle.exportKey('spki', publicKey))
}

async function makeKeys (): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as webcrypto.CryptoKeyPair
}

function pemOf (certificate: x509.X509Certificate): string { return `${certificate.toString('pem')}\n` }
