// A small DER writer: tests need certificates that no CA library makes.
export function tlv (tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const header = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...header]), content])
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => tlv(0x30, ...parts)
export const text = (tag: number, value: string): Buffer => tlv(tag, Buffer.from(value, 'latin1'))
export const boolean = (value: boolean): Buffer => tlv(0x01, Buffer.from([value ? 0xff : 0]))
export const NULL: Buffer = Buffer.from([5, 0])

export function integer (value: number, tag = 0x02): Buffer {
  const hex = value.toString(16)
  const octets = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  return tlv(tag, (octets[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), octets]) : octets)
}

export function oid (dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const octets = [first * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc & 0x7f]
    for (let high = Math.floor(arc / 128); high > 0; high = Math.floor(high / 128)) groups.unshift(0x80 | (high & 0x7f))
    return groups
  })
  return tlv(0x06, Buffer.from(octets))
}

/** A Name of one attribute an RDN: `CN=a, O=b` in encoded order. `''` has no RDN. */
export function name (rdns: string, tag = 0x0c): Buffer {
  const types: Readonly<Record<string, string>> = {
    CN: '2.5.4.3', O: '2.5.4.10', OU: '2.5.4.11', E: '1.2.840.113549.1.9.1'
  }
  const parts = rdns === '' ? [] : rdns.split(', ').map((rdn) => rdn.split('=') as [string, string])
  return sequence(...parts.map(([type, value]) => tlv(0x31, sequence(oid(types[type]!), tlv(tag, Buffer.from(value))))))
}

export function time (date: number): Buffer {
  return text(0x18, new Date(date).toISOString().replace(/[-:T]|\.\d+/g, ''))
}
