import { sign } from 'node:crypto'
import { readCertificate } from '@peerkit/identity/x509'
import type { DevCa } from '@peerkit/dev-ca'
import { bitString, element, integer, octetString, sequence } from '@peerkit/test-support/der'

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
const ALGORITHM = element(0x30, Buffer.from('06082a8648ce3d040302', 'hex'))

/** A CRL in DER as dev-ca makes none: for a part of the certificates, and without an authority key identifier. */
export function craftCrl (ca: DevCa, { from = -1, until = 24, number = 1, revoked = [], point }: CrlCraft): Buffer {
  const entries = revoked.map((serial) => sequence(integer(Buffer.from(serial, 'hex')), time(-2)))
  const scope = point === undefined ? [] : [extension('551d1c', sequence(pointName(point)))]
  const tbs = sequence(
    integer(1), ALGORITHM, Buffer.from(readCertificate(ca.der).subjectRaw), time(from), time(until),
    ...(entries.length === 0 ? [] : [sequence(...entries)]),
    element(0xa0, sequence(extension('551d14', integer(number)), ...scope))
  )
  return sequence(tbs, ALGORITHM, bitString(sign('sha256', tbs, ca.key)))
}

function pointName (url: string): Buffer {
  return element(0xa0, element(0xa0, element(0x86, Buffer.from(url))))
}

function time (hours: number): Buffer {
  const text = new Date(NOW + hours * HOUR).toISOString().slice(2, 19).replace(/[-:T]/g, '')
  return element(0x17, Buffer.from(`${text}Z`))
}

function extension (oid: string, value: Buffer): Buffer {
  return sequence(element(0x06, Buffer.from(oid, 'hex')), octetString(value))
}
