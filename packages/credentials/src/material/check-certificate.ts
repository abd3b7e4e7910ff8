import type { KeyObject } from 'node:crypto'
import { validityAt } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { DerReader, TAG } from '@peerkit/identity/der'
import { iso } from '@peerkit/identity/internal'
import { readAlgorithm, readCertificate, readSignatureScheme } from '@peerkit/identity/x509'
import { refused } from '../errors.ts'
import type { ParsedCertificate } from './parsed-certificate.ts'

/** Our certificates must be valid now (RFC 5280 section 4.1.2.5). @throws CredentialsRefusedError */
export function checkValidity (certificate: PeerIdentity, where: string, now: number): void {
  const { notBefore = Infinity, notAfter = -Infinity } = certificate
  const expected = `expected one that is valid now, ${showTime(now)}`
  const state = validityAt(certificate, now)
  const found = `found ${String(certificate)}`
  if (state === 'expired') {
    throw refused('expired', where, `${found}, which expired on ${showTime(notAfter)}; ${expected}`)
  }
  if (state !== 'not_yet_valid') return
  const problem = `${found}, which is not valid before ${showTime(notBefore)}; ${expected}`
  throw refused('not_yet_valid', where, problem, { startsAt: notBefore })
}

export function showTime (time: number): string {
  return iso(time) ?? 'an unknown date'
}

/**
 * Keys of at least 112 bits of strength (NIST SP 800-57 part 1, table 2): RSA from 2048, elliptic curves from 256 bits,
 * the Edwards curves, and post-quantum signatures.
 *
 * @throws CredentialsRefusedError
 */
export function checkKeySize ({ identity, x509 }: ParsedCertificate, where: string): void {
  const found = findWeakness(readKey(x509, where))
  if (found === undefined) return
  const expected = 'expected RSA of 2048 bits, EC of 256 bits, Ed25519 or better'
  throw refused('weak', where, `the key of ${String(identity)} is too weak; found ${found}; ${expected}`)
}

function readKey (x509: ParsedCertificate['x509'], where: string): KeyObject {
  try {
    return x509.publicKey
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    const found = `found a public key that cannot be read (${code})`
    throw refused('unreadable', where, `${found}; expected RSA, EC or Ed25519`, { cause: error })
  }
}

function findWeakness ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string | undefined {
  const type: string = asymmetricKeyType ?? 'unknown'
  const { modulusLength = 0, namedCurve } = asymmetricKeyDetails ?? {}
  if (type === 'rsa' || type === 'rsa-pss') return modulusLength < 2048 ? `RSA of ${modulusLength} bits` : undefined
  if (type === 'ec') {
    // The size is part of every curve's name: prime256v1, secp384r1, brainpoolP256r1. A curve given by its parameters
    // has no name, and may be anything.
    const bits = Number(/\d{3}/.exec(namedCurve ?? '')?.[0] ?? 0)
    return bits < 256 ? `EC on ${namedCurve ?? 'a curve without a name'}` : undefined
  }
  return /^(ed25519|ed448|(ml|slh)-dsa-.+)$/.test(type) ? undefined : `a key of type ${type}`
}

const RSASSA_PSS = '1.2.840.113549.1.1.10'

const NIST_HASHES = '2.16.840.1.101.3.4.2.'

const WEAK_NAMES: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.2': 'MD2 with RSA',
  '1.2.840.113549.1.1.4': 'MD5 with RSA',
  '1.2.840.113549.1.1.5': 'SHA-1 with RSA',
  '1.2.840.10045.4.1': 'ECDSA with SHA-1',
  '1.2.840.10040.4.3': 'DSA with SHA-1',
  [RSASSA_PSS]: 'RSASSA-PSS with SHA-1'
}

/** Signatures over SHA-1 and MD5 can be forged (RFC 9155, RFC 6151). @throws CredentialsRefusedError */
export function checkSignatureAlgorithm ({ identity }: ParsedCertificate, where: string): void {
  const algorithm = readCertificate(identity.raw ?? new Uint8Array()).signatureAlgorithm
  const { oid, parameters } = algorithm
  if (readSignatureScheme(algorithm) !== undefined || (oid === RSASSA_PSS && usesStrongHash(parameters))) return
  const found = WEAK_NAMES[oid] ?? `the algorithm ${oid}`
  const problem = `the signature of ${String(identity)} is too weak`
  throw refused('weak', where, `${problem}; found ${found}; expected SHA-256 or better`)
}

/** RSASSA-PSS-params (RFC 4055 section 3.1): the hash is the first field. The default is SHA-1. */
function usesStrongHash (parameters: Uint8Array | undefined): boolean {
  if (parameters === undefined) return false
  const fields = new DerReader(parameters).enter(TAG.sequence)
  const hash = fields.optional(0xa0)
  if (hash === undefined) return false
  return readAlgorithm(parameters, fields.inside(hash).expect(TAG.sequence)).oid.startsWith(NIST_HASHES)
}
