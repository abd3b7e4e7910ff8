import { SpiffeInvalidError } from '../errors.ts'

/** One field of a message: its number and its octets, or its value where it is a number. */
export interface Field { readonly number: number, readonly value: Uint8Array | bigint }

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The fields of a protobuf message in the order of the bytes. Messages of the Workload API have strings, bytes and
 * messages only; fields of other kinds are those of later versions, which a reader has to skip.
 *
 * @param what the message, for errors
 * @throws SpiffeInvalidError with the reason `malformed`
 */
export function readFields (octets: Uint8Array, what: string): Field[] {
  const fields: Field[] = []
  const reader = new Reader(octets, what)
  while (!reader.isAtEnd) {
    const tag = reader.varint()
    const number = Number(tag >> 3n)
    if (number === 0 || number > 0x1fffffff) throw malformed(what, `field number ${number}`)
    const kind = Number(tag & 7n)
    if (kind === 0) fields.push({ number, value: reader.varint() })
    else if (kind === 2) fields.push({ number, value: reader.octets(reader.varint()) })
    else if (kind === 1) reader.octets(8n)
    else if (kind === 5) reader.octets(4n)
    else throw malformed(what, `wire type ${kind}`)
  }
  return fields
}

/** Octets of a field that must have them. */
export function octetsOf ({ number, value }: Field, what: string): Uint8Array {
  if (typeof value === 'bigint') throw malformed(what, `field ${number} is a number`)
  return value
}

/** Text of a field that must have it. */
export function textOf (field: Field, what: string): string {
  try {
    return UTF8.decode(octetsOf(field, what))
  } catch (error) {
    if (error instanceof SpiffeInvalidError) throw error
    throw malformed(what, `field ${field.number} is not UTF-8`)
  }
}

class Reader {
  readonly #octets: Uint8Array
  readonly #what: string
  #at = 0

  constructor (octets: Uint8Array, what: string) {
    this.#octets = octets
    this.#what = what
  }

  get isAtEnd (): boolean { return this.#at === this.#octets.length }

  varint (): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const octet = this.#octets[this.#at++]
      if (octet === undefined) throw malformed(this.#what, 'it ends within a number')
      value |= BigInt(octet & 0x7f) << shift
      if (octet < 0x80) return value
    }
    throw malformed(this.#what, 'a number has more than 10 octets')
  }

  octets (length: bigint): Uint8Array {
    const left = this.#octets.length - this.#at
    if (length > BigInt(left)) throw malformed(this.#what, `a field has ${length} octets, and ${left} are left`)
    const start = this.#at
    this.#at += Number(length)
    return this.#octets.subarray(start, this.#at)
  }
}

function malformed (what: string, detail: string): SpiffeInvalidError {
  return new SpiffeInvalidError('malformed', `${what} is not a protobuf message: ${detail}`)
}
