import type { DevCa } from '@peerkit/dev-ca'
import { readCertificate } from '@peerkit/identity/x509'
import { constants, createPrivateKey, sign } from 'node:crypto'
import { writeElement, writeInteger, writeOid } from '../../src/x509/der.ts'

// CRLs and algorithm identifiers byte by byte, right and wrong ones, signed with the keys of dev-ca.

export interface Signing {
  readonly hash: string | null
  readonly algorithm: Uint8Array
  readonly saltLength?: number
}

const NULL = writeElement(0x05)

export function pss (
  hash: string, hashOid: string, saltLength: number, options: { maskOid?: string, trailer?: number } = {}
): Signing {
  const params = writeElement(0x30,
    writeElement(0xa0, writeElement(0x30, writeOid(hashOid), NULL)),
    writeElement(0xa1, writeElement(
      0x30, writeOid('1.2.840.113549.1.1.8'), writeElement(0x30, writeOid(options.maskOid ?? hashOid), NULL)
    )),
    writeElement(0xa2, writeInteger(saltLength.toString(16).padStart(2, '0'))),
    ...(options.trailer === undefined ? [] : [writeElement(0xa3, writeElement(0x02, Uint8Array.of(options.trailer)))]))
  return { hash, algorithm: writeElement(0x30, writeOid('1.2.840.113549.1.1.10'), params), saltLength }
}

export const signings = {
  ecdsaSha256: { hash: 'sha256', algorithm: writeElement(0x30, writeOid('1.2.840.10045.4.3.2')) },
  ecdsaSha384: { hash: 'sha384', algorithm: writeElement(0x30, writeOid('1.2.840.10045.4.3.3')) },
  ecdsaSha1: { hash: 'sha1', algorithm: writeElement(0x30, writeOid('1.2.840.10045.4.1')) },
  rsaSha256: { hash: 'sha256', algorithm: writeElement(0x30, writeOid('1.2.840.113549.1.1.11'), NULL) },
  rsaSha512: { hash: 'sha512', algorithm: writeElement(0x30, writeOid('1.2.840.113549.1.1.13'), NULL) },
  ed25519: { hash: null, algorithm: writeElement(0x30, writeOid('1.3.101.112')) }
} satisfies Record<string, Signing>

export function signData (data: Uint8Array, key: string, { hash, saltLength }: Signing): Uint8Array {
  const padding = saltLength === undefined ? {} : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
  return sign(hash, data, { key: createPrivateKey(key), ...padding })
}

export interface CrlCraft {
  readonly ca: DevCa
  /** Another key than the CA's. */
  readonly key?: string
  readonly signing?: Signing
  readonly outerSigning?: Signing
  readonly issuer?: Uint8Array
  readonly thisUpdate?: Date
  readonly nextUpdate?: Date | null
  readonly entries?: readonly Uint8Array[]
  readonly extensions?: readonly Uint8Array[]
  readonly version?: number | null
  readonly number?: number
  readonly trailing?: Uint8Array
}

export function craftCrl (craft: CrlCraft): Uint8Array {
  const signing = craft.signing ?? signings.ecdsaSha256
  const extensions = [
    ...(craft.number === undefined ? [] : [extension('2.5.29.20', false, integer(craft.number))]),
    ...craft.extensions ?? []
  ]
  const thisUpdate = craft.thisUpdate ?? new Date(Date.now() - 60_000)
  const nextUpdate = craft.nextUpdate === undefined ? new Date(Date.now() + 3_600_000) : craft.nextUpdate
  const tbs = writeElement(0x30,
    ...(craft.version === null ? [] : [integer(craft.version ?? 1)]),
    signing.algorithm,
    craft.issuer ?? readCertificate(craft.ca.der).subjectRaw,
    time(thisUpdate),
    ...(nextUpdate === null ? [] : [time(nextUpdate)]),
    ...(craft.entries === undefined ? [] : [writeElement(0x30, ...craft.entries)]),
    ...(extensions.length === 0 ? [] : [writeElement(0xa0, writeElement(0x30, ...extensions))]))
  const signature = signData(tbs, craft.key ?? craft.ca.key, signing)
  const crl = writeElement(
    0x30, tbs, (craft.outerSigning ?? signing).algorithm, writeElement(0x03, Uint8Array.of(0), signature)
  )
  return craft.trailing === undefined ? crl : Buffer.concat([crl, craft.trailing])
}

/** A revoked certificate; `serial` is the content of the INTEGER as it stands, in hex. */
export function entry (
  serial: string, options: { date?: Uint8Array, extensions?: readonly Uint8Array[] } = {}
): Uint8Array {
  return writeElement(0x30, writeElement(0x02, Buffer.from(serial, 'hex')),
    options.date ?? time(new Date('2026-01-02T03:04:05Z')),
    ...(options.extensions === undefined ? [] : [writeElement(0x30, ...options.extensions)]))
}

export function reasonCode (code: number, critical = false): Uint8Array {
  return extension('2.5.29.21', critical, writeElement(0x0a, Uint8Array.of(code)))
}

export function extension (oid: string, critical: boolean, value: Uint8Array): Uint8Array {
  return writeElement(
    0x30, writeOid(oid), ...(critical ? [writeElement(0x01, Uint8Array.of(0xff))] : []), writeElement(0x04, value)
  )
}

export function integer (value: number): Uint8Array {
  const hex = value.toString(16)
  return writeInteger(hex.length % 2 === 1 ? `0${hex}` : hex)
}

export function time (date: Date): Uint8Array {
  const text = date.toISOString().slice(0, 19).replace(/[-:T]/g, '')
  return date.getUTCFullYear() < 2050 ? writeElement(0x17, Buffer.from(`${text.slice(2)}Z`)) : generalizedTime(date)
}

export function generalizedTime (date: Date): Uint8Array {
  return writeElement(0x18, Buffer.from(`${date.toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`))
}

export function uriName (uri: string): Uint8Array {
  return writeElement(0x86, Buffer.from(uri))
}

/**
 * An issuing distribution point; `flags` are the implicit tags 1 to 5, e.g. `{ 1: true }` for onlyContainsUserCerts.
 */
export function distributionPoint (uri: string | undefined, flags: Readonly<Record<number, boolean>> = {}): Uint8Array {
  const name = uri === undefined ? [] : [writeElement(0xa0, writeElement(0xa0, uriName(uri)))]
  const set = Object.keys(flags).map((tag) => Number(tag) === 3
    ? writeElement(0x83, Uint8Array.of(6, 0x40))
    : writeElement(0x80 + Number(tag), Uint8Array.of(0xff)))
  return extension('2.5.29.28', true, writeElement(0x30, ...name, ...set))
}

export function toPem (der: Uint8Array): string {
  return `-----BEGIN X509 CRL-----\n${Buffer.from(der).toString('base64').replace(/.{64}/g, '$&\n')}\n-----END X509 ` +
    'CRL-----\n'
}
