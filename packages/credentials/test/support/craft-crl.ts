import { sign } from 'node:crypto'
import { readCertificate } from '@peerkit/identity/x509'
import type { DevCa } from '@peerkit/dev-ca'

export interface CrlCraft {
  /** Hours from the start of the test. Default -1 and 24. */
  readonly from?: number
  readonly until?: number
  readonly number?: number
  /** Serials in hex. */
  readonly revoked?: readonly string[]
  /** URL of the distribution point whose certificates alone it is for. */
  readonly point?: string
}

const HOUR = 3_600_000
// One for all, so that two lists can be of the same second.
const NOW = Date.now()
const ALGORITHM = encode(0x30, Buffer.from('06082a8648ce3d040302', 'hex'))

/** A CRL in DER as dev-ca makes none: for a part of the certificates, and without an authority key identifier. */
export function craftCrl (ca: DevCa, { from = -1, until = 24, number = 1, revoked = [], point }: CrlCraft): Buffer {
  const entries = revoked.map((serial) => sequence(integer(serial), time(-2)))
  const scope = point === undefined ? [] : [extension('551d1c', sequence(pointName(point)))]
  const tbs = sequence(
    integer('01'), ALGORITHM, Buffer.from(readCertificate(ca.der).subjectRaw), time(from), time(until),
    ...(entries.length === 0 ? [] : [sequence(...entries)]),
    encode(0xa0, sequence(extension('551d14', integer(number.toString(16).padStart(2, '0'))), ...scope))
  )
  return sequence(tbs, ALGORITHM, encode(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', tbs, ca.key)])))
}

function pointName (url: string): Buffer {
  return encode(0xa0, encode(0xa0, encode(0x86, Buffer.from(url))))
}

function time (hours: number): Buffer {
  const text = new Date(NOW + hours * HOUR).toISOString().slice(2, 19).replace(/[-:T]/g, '')
  return encode(0x17, Buffer.from(`${text}Z`))
}

function extension (oid: string, value: Buffer): Buffer {
  return sequence(encode(0x06, Buffer.from(oid, 'hex')), encode(0x04, value))
}

function integer (hex: string): Buffer {
  return encode(0x02, Buffer.from(/^[89a-f]/.test(hex) ? `00${hex}` : hex, 'hex'))
}

function sequence (...parts: readonly Buffer[]): Buffer {
  return encode(0x30, Buffer.concat(parts))
}

function encode (tag: number, content: Buffer): Buffer {
  const { length } = content
  const octets = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...octets]), content])
}
