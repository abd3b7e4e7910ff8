import type { TextEncoding } from '../der/text.ts'

/** One attribute of a distinguished name. */
export interface NameAttribute {
  /** The attribute type's OID in dotted decimals. */
  readonly type: string
  /** The text, including control characters and NUL. With `encoding: 'other'`: `#` and the hex of the encoded value. */
  readonly value: string
  readonly encoding: TextEncoding
}
