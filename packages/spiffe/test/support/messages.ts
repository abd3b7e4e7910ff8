import { Buffer } from 'node:buffer'
import type { DevCa, IssuedCertificate } from '@peerkit/dev-ca'

// Writes the messages of the Workload API. Only tests need that side.

export interface SvidFields {
  readonly spiffeId?: string
  readonly certificates?: Uint8Array
  readonly key?: Uint8Array
  readonly bundle?: Uint8Array
  readonly hint?: string
}

export interface ResponseFields {
  readonly svids?: readonly SvidFields[]
  readonly crls?: readonly Uint8Array[]
  readonly federatedBundles?: Readonly<Record<string, Uint8Array>>
}

/** An X509SVIDResponse. */
export function writeSvidResponse ({ svids = [], crls = [], federatedBundles = {} }: ResponseFields): Buffer {
  return Buffer.concat([
    ...svids.map((svid) => field(1, writeSvid(svid))),
    ...crls.map((crl) => field(2, crl)),
    ...Object.entries(federatedBundles).map(([name, bundle]) => field(3, Buffer.concat([text(1, name), field(2, bundle)])))
  ])
}

function writeSvid ({ spiffeId = '', certificates, key, bundle, hint = '' }: SvidFields): Buffer {
  return Buffer.concat([
    text(1, spiffeId),
    field(2, certificates ?? Buffer.alloc(0)),
    field(3, key ?? Buffer.alloc(0)),
    field(4, bundle ?? Buffer.alloc(0)),
    text(5, hint)
  ])
}

/** A field of octets. Empty ones are left out, as protobuf does. */
export function field (number: number, octets: Uint8Array): Buffer {
  if (octets.length === 0) return Buffer.alloc(0)
  return Buffer.concat([varint(number << 3 | 2), varint(octets.length), octets])
}

export function text (number: number, value: string): Buffer { return field(number, Buffer.from(value)) }

export function varint (value: number): Buffer {
  const octets: number[] = []
  let left = value
  for (; left > 127; left = Math.floor(left / 128)) octets.push(left % 128 + 128)
  return Buffer.from([...octets, left])
}

/** What the agent sends of an issued certificate. */
export function svidOf (issued: IssuedCertificate, ca: DevCa, spiffeId: string, hint = ''): SvidFields {
  return { spiffeId, certificates: derOf(issued.chain), key: derOf(issued.key), bundle: derOf(ca.root), hint }
}

/** All blocks of a PEM text, DER, one after the other. */
export function derOf (pem: string): Buffer {
  const blocks = [...pem.matchAll(/-----BEGIN [^-]+-----([^-]+)-----END/g)]
  return Buffer.concat(blocks.map(([, base64 = '']) => Buffer.from(base64, 'base64')))
}
