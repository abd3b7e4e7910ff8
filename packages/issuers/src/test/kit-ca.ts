import 'reflect-metadata'
import { randomBytes, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const HOUR = 3_600_000
/** subjectAltName */
const ALT_NAMES = '2.5.29.17'

/** A root with an intermediate, of the tests of an issuer. */
export interface KitCa {
  /** The root, PEM. */
  readonly root: string
  /** The intermediate, PEM. */
  readonly intermediate: string
  /** Signs a certificate for a public key. @returns the leaf, PEM */
  sign (publicKey: Uint8Array, validity: Validity, names: RequestedCertificate): Promise<string>
}

/** What a request asks for. */
export interface RequestedCertificate {
  readonly subject: string
  readonly altNames: x509.Extension
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
    validity
  })
  const intermediateName = `CN=${name} intermediate`
  const intermediate = await certify({
    subject: intermediateName,
    issuer: rootName,
    publicKey: keys.publicKey,
    signingKey: rootKeys.privateKey,
    validity
  })
  return {
    root: pemOf(root),
    intermediate: pemOf(intermediate),
    async sign (publicKey, leafValidity, { subject, altNames }) {
      return pemOf(await certify({
        subject,
        altNames,
        issuer: intermediateName,
        publicKey: new x509.PublicKey(new Uint8Array(publicKey)),
        signingKey: keys.privateKey,
        validity: leafValidity
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
  /** Undefined for a CA. */
  readonly altNames?: x509.Extension
}

async function certify (
  { subject, issuer, publicKey, signingKey, validity, altNames }: Fields
): Promise<x509.X509Certificate> {
  const isCa = altNames === undefined
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
      ...(isCa ? [] : [altNames])
    ]
  }, webcrypto as never)
}

/** The public key of a certificate request, PEM or DER (PKCS#10), or of a SubjectPublicKeyInfo in PEM. */
export function readRequestedKey (request: string | Uint8Array): Uint8Array {
  if (isPublicKey(request)) return new Uint8Array(x509.PemConverter.decodeFirst(request))
  return new Uint8Array(readRequest(request).publicKey.rawData)
}

/** The names of a certificate request. A public key asks for none: it gets `kit` and `kit.example`. */
export function readRequestedNames (request: string | Uint8Array): RequestedCertificate {
  const asked = isPublicKey(request) ? undefined : readRequest(request)
  const altNames = asked?.extensions.find(({ type }) => type === ALT_NAMES)
  return {
    subject: asked === undefined || asked.subject === '' ? 'CN=kit' : asked.subject,
    altNames: altNames ?? new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'kit.example' }])
  }
}

function isPublicKey (request: string | Uint8Array): request is string {
  return typeof request === 'string' && request.includes('BEGIN PUBLIC KEY')
}

function readRequest (request: string | Uint8Array): x509.Pkcs10CertificateRequest {
  const given = typeof request === 'string' ? request : new Uint8Array(request)
  return new x509.Pkcs10CertificateRequest(given as never)
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
