import { createHash, createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import {
  TRUE, NULL, bitString, element, explicit, extension, integer, nameOf, octetString, oid, pem, sequence, text, time
} from '@peerkit/test-support/der'
import type { Extension, Octets } from '@peerkit/test-support/der'

export const DAY = 86_400_000
export const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
export const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'

/**
 * A private key of any kind that this Node can make: `rsa`, `rsa-pss`, `ed25519`, `ed448`, `ml-dsa-44` …, or the name
 * of a curve.
 */
export function makeKey (kind = 'prime256v1'): KeyObject {
  const generate = generateKeyPairSync as (type: string, options?: object) => { privateKey: KeyObject }
  if (kind === 'rsa' || kind === 'rsa-pss') return generate(kind, { modulusLength: 2048 }).privateKey
  if (/^(ed|ml-dsa|slh-dsa)/.test(kind)) return generate(kind).privateKey
  return generate('ec', { namedCurve: kind }).privateKey
}

const SHA256 = sequence(oid('2.16.840.1.101.3.4.2.1'), NULL)
const PSS = sequence(
  oid('1.2.840.113549.1.1.10'),
  sequence(explicit(0, SHA256), explicit(1, sequence(oid('1.2.840.113549.1.1.8'), SHA256)), explicit(2, integer(32)))
)
const ALGORITHMS: Readonly<Record<string, Octets>> = {
  rsa: sequence(oid('1.2.840.113549.1.1.11'), NULL),
  'rsa-pss': PSS,
  ec: sequence(oid('1.2.840.10045.4.3.2')),
  ed25519: sequence(oid('1.3.101.112')),
  ed448: sequence(oid('1.3.101.113')),
  'ml-dsa-44': sequence(oid('2.16.840.1.101.3.4.3.17')),
  'ml-dsa-65': sequence(oid('2.16.840.1.101.3.4.3.18')),
  'ml-dsa-87': sequence(oid('2.16.840.1.101.3.4.3.19'))
}

function algorithmOf (key: KeyObject): Octets {
  const algorithm = ALGORITHMS[String(key.asymmetricKeyType)]
  if (algorithm === undefined) throw new Error(`no way to sign with ${key.asymmetricKeyType}`)
  return algorithm
}

export function signWith (key: KeyObject, data: Octets): Octets {
  const type = String(key.asymmetricKeyType)
  const hash = ['rsa', 'rsa-pss', 'ec'].includes(type) ? 'sha256' : null
  return sign(hash, data, type === 'rsa-pss' ? { key, saltLength: 32 } : key)
}

const publicKeys = new WeakMap<KeyObject, Buffer>()
/** SubjectPublicKeyInfo. */
export function publicKeyOf (key: KeyObject): Buffer {
  const known = publicKeys.get(key) ?? createPublicKey(key).export({ type: 'spki', format: 'der' })
  publicKeys.set(key, known)
  return known
}
export const keyIdOf = (key: KeyObject): Buffer => createHash('sha1').update(publicKeyOf(key)).digest()

/** Anything but the key that signs: what a certificate is made of. */
export interface Draft {
  readonly subject: string | Octets
  readonly key: KeyObject
  readonly issuer: string | Octets
  /**
   * Whose signature it bears. `garbage`: nobody's, written in the form of the algorithm of `garbageLike` or of the
   * certificate's own key.
   */
  readonly signer: KeyObject | 'garbage'
  readonly garbageLike?: KeyObject
  /** The subject key identifier; null leaves it out. Default: that of `key`. */
  readonly keyId?: Octets | null
  /** The authority key identifier; null leaves it out. Default: that of `signer`. */
  readonly issuerKeyId?: Octets | null
  readonly ca?: boolean
  readonly purposes?: readonly string[]
  readonly dns?: string
  readonly notBefore?: number
  readonly notAfter?: number
  /** Beside the usual ones, or in place of those of the same type. */
  readonly extensions?: readonly Extension[]
}

export interface Made {
  readonly der: Buffer
  readonly pem: string
  readonly key: KeyObject
  readonly keyPem: string
  readonly serial: Buffer
  readonly draft: Draft
}

export const keyUsage = (octet: number, unused: number): Extension => (
  { type: '2.5.29.15', critical: true, value: bitString(Buffer.of(octet), unused) }
)
export const alternativeNames = (...names: readonly Octets[]): Extension => (
  { type: '2.5.29.17', value: sequence(...names) }
)
export const dnsName = (value: string): Buffer => text(0x82, value)
const KEY_ID = '2.5.29.14'
const ISSUER_KEY_ID = '2.5.29.35'

function extensionsOf (draft: Draft): Extension[] {
  const { key, ca = false, purposes, dns, signer, keyId = keyIdOf(key), extensions = [] } = draft
  const { issuerKeyId = signer === 'garbage' ? null : keyIdOf(signer) } = draft
  const usual: Extension[] = [
    { type: '2.5.29.19', critical: true, value: sequence(...(ca ? [TRUE] : [])) },
    ca ? keyUsage(0x06, 1) : keyUsage(0x80, 7),
    ...(keyId === null ? [] : [{ type: KEY_ID, value: octetString(keyId) }]),
    ...(issuerKeyId === null ? [] : [{ type: ISSUER_KEY_ID, value: sequence(element(0x80, issuerKeyId)) }]),
    ...(purposes === undefined ? [] : [{ type: '2.5.29.37', value: sequence(...purposes.map(oid)) }]),
    ...(dns === undefined ? [] : [alternativeNames(dnsName(dns), element(0x87, Buffer.of(127, 0, 0, 1)))])
  ]
  return [...usual.filter(({ type }) => !extensions.some((other) => other.type === type)), ...extensions]
}

/** Makes a certificate: a CA's honest work where `signer` is the issuer's key, and otherwise not. */
export function certify (draft: Draft): Made {
  const {
    subject, key, issuer, signer, garbageLike = key, notBefore = Date.now() - DAY, notAfter = Date.now() + 30 * DAY
  } = draft
  const serial = Buffer.concat([Buffer.of(0x3c), randomBytes(15)])
  const signing = signer === 'garbage' ? garbageLike : signer
  const algorithm = algorithmOf(signing)
  const tbs = sequence(
    explicit(0, integer(2)),
    integer(serial),
    algorithm,
    nameOf(issuer),
    sequence(time(notBefore), time(notAfter)),
    nameOf(subject),
    publicKeyOf(key),
    explicit(3, sequence(...extensionsOf(draft).map(extension)))
  )
  // Garbage is a signature of the right form, over something else, of a key that is thrown away.
  const signature = signer === 'garbage' ? signWith(signing, serial) : signWith(signing, tbs)
  const der = sequence(tbs, algorithm, bitString(signature))
  return {
    der,
    pem: pem(der),
    key,
    get keyPem () { return String(key.export({ type: 'pkcs8', format: 'pem' })) },
    serial,
    draft
  }
}

/** A CA of our own making, with a certificate for each CA that vouches for it. */
export interface Authority extends Made { readonly name: string | Octets }

const asAuthority = (name: string | Octets, draft: Draft): Authority => Object.assign(certify(draft), { name })

export function makeRoot (name: string | Octets, { key = makeKey(), ...draft }: Partial<Draft> = {}): Authority {
  return asAuthority(name, { subject: name, key, issuer: name, signer: key, ca: true, ...draft })
}

export function makeIntermediate (
  issuer: Authority, name: string | Octets, { key = makeKey(), ...draft }: Partial<Draft> = {}
): Authority {
  return asAuthority(name, { subject: name, key, issuer: issuer.name, signer: issuer.key, ca: true, ...draft })
}

export function issueClient (
  issuer: Authority, name: string, { key = makeKey(), ...draft }: Partial<Draft> = {}
): Made {
  return certify({ subject: name, key, issuer: issuer.name, signer: issuer.key, purposes: [CLIENT_AUTH], ...draft })
}

export function issueServer (issuer: Authority, { key = makeKey(), ...draft }: Partial<Draft> = {}): Made {
  const usual = { subject: 'server', issuer: issuer.name, signer: issuer.key, dns: 'localhost' }
  return certify({ ...usual, key, purposes: [SERVER_AUTH, CLIENT_AUTH], ...draft })
}

let number = 0

/** A complete list of a CA, newer than every one before it. */
export function makeCrl (issuer: Authority, revoked: readonly Made[] = [], now: number = Date.now()): string {
  const entries = revoked.map(({ serial }) => sequence(integer(serial), time(now - DAY)))
  const extensions = [
    { type: ISSUER_KEY_ID, value: sequence(element(0x80, keyIdOf(issuer.key))) },
    { type: '2.5.29.20', value: integer(number += 1) }
  ]
  const algorithm = algorithmOf(issuer.key)
  const tbs = sequence(
    integer(1),
    algorithm,
    nameOf(issuer.name),
    time(now - 1000),
    time(now + DAY),
    ...(entries.length > 0 ? [sequence(...entries)] : []),
    explicit(0, sequence(...extensions.map(extension)))
  )
  return pem(sequence(tbs, algorithm, bitString(signWith(issuer.key, tbs))), 'X509 CRL')
}
