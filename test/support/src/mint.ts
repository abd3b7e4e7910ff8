import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { NULL, boolean, element, integer, oid, rdnName, sequence, text, time } from './der.ts'

export interface Keys { readonly publicKey: KeyObject, readonly privateKey: KeyObject }

/** How certificates are signed: an AlgorithmIdentifier, and what node:crypto needs to do it. */
export interface Signing { readonly algorithm: Uint8Array, readonly hash: string | null, readonly options?: object }

export const ECDSA_SHA256: Signing = { algorithm: sequence(oid('1.2.840.10045.4.3.2')), hash: 'sha256' }
export const RSA_SHA256: Signing = { algorithm: sequence(oid('1.2.840.113549.1.1.11'), NULL), hash: 'sha256' }

export interface Extension { readonly oid: string, readonly critical?: boolean, readonly value: Uint8Array }

export interface Options {
  readonly keys?: Keys
  readonly notBefore?: number
  readonly notAfter?: number
  readonly extensions?: readonly Extension[]
  readonly signing?: Signing
  /** X.509 version 1 has no extensions. */
  readonly version?: 1 | 3
  /** The issuer as written into the certificate. */
  readonly issuerName?: Uint8Array
  readonly subjectName?: Uint8Array
  readonly forged?: boolean
  readonly serialNumber?: Uint8Array
}

export const NOW: number = Date.UTC(2026, 0, 1)
const YEAR = 365 * 86_400_000
let serial = 1000

export const newKeys = (curve = 'P-256'): Keys => generateKeyPairSync('ec', { namedCurve: curve })
const leafKeys = newKeys()

export const keyUsage = (...bits: readonly number[]): Extension => {
  const octet = bits.reduce((sum, bit) => sum | (0x80 >> bit), 0)
  let unused = 0
  while (unused < 7 && ((octet >> unused) & 1) === 0) unused += 1
  return { oid: '2.5.29.15', critical: true, value: element(0x03, Buffer.from([unused, octet])) }
}
export const DIGITAL_SIGNATURE = 0
export const KEY_CERT_SIGN = 5
export const basicConstraints = (ca: boolean, pathLength?: number): Extension =>
  ({
    oid: '2.5.29.19',
    critical: true,
    value: sequence(...(ca ? [boolean(true)] : []), ...(pathLength === undefined ? [] : [integer(pathLength)]))
  })
export const purposes = (...list: readonly string[]): Extension =>
  ({ oid: '2.5.29.37', value: sequence(...list.map(oid)) })
export const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
export const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
export const policies = (...list: readonly string[]): Extension =>
  ({ oid: '2.5.29.32', value: sequence(...list.map((policy) => sequence(oid(policy)))) })
export const mappings = (...pairs: readonly (readonly [string, string])[]): Extension =>
  ({ oid: '2.5.29.33', value: sequence(...pairs.map(([from, to]) => sequence(oid(from), oid(to)))) })
export const policyConstraints = (requireExplicit?: number, inhibitMapping?: number): Extension =>
  ({
    oid: '2.5.29.36',
    critical: true,
    value: sequence(
      ...(requireExplicit === undefined ? [] : [integer(requireExplicit, 0x80)]),
      ...(inhibitMapping === undefined ? [] : [integer(inhibitMapping, 0x81)])
    )
  })
export const inhibitAny = (skip: number): Extension => ({ oid: '2.5.29.54', critical: true, value: integer(skip) })
export const altNames = (...names: readonly Uint8Array[]): Extension =>
  ({ oid: '2.5.29.17', value: sequence(...names) })
export const dns = (value: string): Buffer => text(0x82, value)
export const nameConstraints = (permitted: readonly Uint8Array[], excluded: readonly Uint8Array[] = []): Extension => ({
  oid: '2.5.29.30',
  critical: true,
  value: sequence(
    ...(permitted.length > 0 ? [element(0xa0, ...permitted.map((base) => sequence(base)))] : []),
    ...(excluded.length > 0 ? [element(0xa1, ...excluded.map((base) => sequence(base)))] : [])
  )
})

/** A name with a key, which signs and is signed for. */
export class Party {
  readonly name: string
  readonly keys: Keys
  readonly signing: Signing

  constructor (name: string, { keys = newKeys(), signing = ECDSA_SHA256 }: { keys?: Keys, signing?: Signing } = {}) {
    this.name = name
    this.keys = keys
    this.signing = signing
  }

  /** A certificate for a CA, made by this one. */
  certify (authority: Party, options: Options = {}): Uint8Array {
    return this.#sign(authority, [basicConstraints(true), keyUsage(KEY_CERT_SIGN)], options)
  }

  /** This CA's own certificate. */
  root (options: Options = {}): Uint8Array {
    return this.certify(this, options)
  }

  /** A client's certificate. */
  issue (subject = 'CN=client', options: Options = {}): Uint8Array {
    return this.#sign(
      new Party(subject, { keys: options.keys ?? leafKeys }),
      [basicConstraints(false), keyUsage(DIGITAL_SIGNATURE), purposes(CLIENT_AUTH)],
      options
    )
  }

  #sign (subject: Party, made: readonly Extension[], options: Options): Uint8Array {
    const {
      extensions = [], signing = this.signing, version = 3, notBefore = NOW - YEAR, notAfter = NOW + YEAR
    } = options
    const replaced = new Set(extensions.map((extension) => extension.oid))
    // An extension of no octets takes another one away.
    const all = [...made.filter((extension) => !replaced.has(extension.oid)), ...extensions].filter(({ value }) => {
      return value.length > 0
    })
    const tbs = sequence(
      ...(version === 3 ? [element(0xa0, integer(2))] : []),
      options.serialNumber === undefined ? integer(serial += 1) : element(0x02, options.serialNumber),
      signing.algorithm,
      options.issuerName ?? rdnName(this.name),
      sequence(time(notBefore, true), time(notAfter, true)),
      options.subjectName ?? rdnName(subject.name),
      subject.keys.publicKey.export({ type: 'spki', format: 'der' }),
      ...(version === 3
        ? [element(0xa3, sequence(...all.map(({ oid: type, critical = false, value }) => {
            return sequence(oid(type), ...(critical ? [boolean(true)] : []), element(0x04, value))
          })))]
        : [])
    )
    const signature = sign(
      signing.hash,
      options.forged === true ? createHash('sha256').update(tbs).digest() : tbs,
      { key: this.keys.privateKey, ...signing.options }
    )
    return new Uint8Array(sequence(tbs, signing.algorithm, element(0x03, Buffer.from([0]), signature)))
  }
}
