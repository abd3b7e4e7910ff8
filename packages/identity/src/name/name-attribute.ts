import type { TextEncoding } from '../der/text.ts'

/** One attribute of a distinguished name. */
export interface NameAttribute {
  /** The attribute type's OID in dotted decimals. */
  readonly type: string
  /** The text, control characters and NUL included; for `encoding: 'other'` `#` and the hex of the encoded value. */
  readonly value: string
  readonly encoding: TextEncoding
}
