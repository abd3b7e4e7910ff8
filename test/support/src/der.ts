// A DER writer that refuses nothing: tests need what no CA would sign.

export type Octets = Uint8Array

/** One element: its tag, its length, and the parts one after the other. */
export function element (tag: number, ...parts: readonly Octets[]): Buffer {
  const content = Buffer.concat(parts)
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(content.length)
  const short = length.subarray(length.findIndex((octet) => octet !== 0))
  return Buffer.concat([Buffer.from([tag, 0x80 | short.length]), short, content])
}

export const sequence = (...parts: readonly Octets[]): Buffer => element(0x30, ...parts)
export const setOf = (...parts: readonly Octets[]): Buffer => element(0x31, ...parts)
export const octetString = (...parts: readonly Octets[]): Buffer => element(0x04, ...parts)
export const bitString = (octets: Octets, unused = 0): Buffer => element(0x03, Buffer.from([unused]), octets)
export const explicit = (number: number, ...parts: readonly Octets[]): Buffer => element(0xa0 | number, ...parts)
export const text = (tag: number, value: string): Buffer => element(tag, Buffer.from(value, 'utf8'))
export const boolean = (value: boolean): Buffer => element(0x01, Buffer.from([value ? 0xff : 0]))
export const TRUE: Buffer = Buffer.from([0x01, 0x01, 0xff])
export const NULL: Buffer = Buffer.from([0x05, 0x00])

/** A number of at least zero, as a number or as its octets. */
export function integer (value: number | Octets, tag = 0x02): Buffer {
  const hex = typeof value === 'number' ? value.toString(16) : ''
  const even = hex.padStart(hex.length + hex.length % 2, '0')
  const octets = typeof value === 'number' ? Buffer.from(even, 'hex') : Buffer.from(value)
  return element(tag, ...((octets[0] ?? 0) > 0x7f ? [Buffer.of(0)] : []), octets)
}

export function oid (dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const octets: number[] = []
  for (const arc of [first * 40 + second, ...rest]) {
    const groups = [arc % 128]
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) groups.unshift(128 + left % 128)
    octets.push(...groups)
  }
  return element(0x06, Buffer.from(octets))
}

/** UTCTime or GeneralizedTime, as RFC 5280 section 4.1.2.5 wants it; whole seconds. */
export function time (date: number, generalized = false): Buffer {
  const digits = new Date(date).toISOString().replace(/[-:T]|\.\d+/g, '')
  const year = Number(digits.slice(0, 4))
  return year < 2050 && !generalized ? text(0x17, digits.slice(2)) : text(0x18, digits)
}

const COMMON_NAME = '2.5.4.3'
/** A name of one attribute, or a whole one that is written already. */
export function nameOf (name: string | Octets): Octets {
  return typeof name === 'string' ? sequence(setOf(sequence(oid(COMMON_NAME), text(0x0c, name)))) : name
}

const TYPES: Readonly<Record<string, string>> = {
  CN: COMMON_NAME, O: '2.5.4.10', OU: '2.5.4.11', E: '1.2.840.113549.1.9.1'
}
/** A name of one attribute an RDN: `CN=a, O=b`, in encoded order. `''` has no RDN. */
export function rdnName (rdns: string, tag = 0x0c): Buffer {
  const parts = rdns === '' ? [] : rdns.split(', ').map((rdn) => rdn.split('=') as [string, string])
  return sequence(...parts.map(([type, value]) => setOf(sequence(oid(TYPES[type] ?? type), text(tag, value)))))
}

export interface Extension { readonly type: string, readonly critical?: boolean, readonly value: Octets }
export const extension = ({ type, critical = false, value }: Extension): Buffer => {
  return sequence(oid(type), ...(critical ? [TRUE] : []), octetString(value))
}

export function pem (der: Octets, label = 'CERTIFICATE'): string {
  const lines = Buffer.from(der).toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
