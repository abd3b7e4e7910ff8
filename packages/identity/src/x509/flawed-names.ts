import { MTLS_ERR_DER_INVALID } from '../errors.ts'
import { DerReader } from '../der/reader.ts'
import { TAG } from '../der/tags.ts'
import type { SubjectAltNameKind } from '../peer-identity.ts'
import type { DerInvalidError } from '../reasons.ts'
import { findOddOctet, readGeneralName } from './general-names.ts'
import type { GeneralName } from './general-names.ts'

/** Alternative names of which some cannot be read. */
export interface FlawedNames {
  readonly names: readonly GeneralName[]
  /** The kinds of the names that cannot be read. */
  readonly unknown: readonly SubjectAltNameKind[]
}

const TEXTS: ReadonlyMap<number, SubjectAltNameKind> = new Map([[0x81, 'email'], [0x82, 'dns'], [0x86, 'uri']])
const IP = 0x87
const OTHER_NAME = 0xa0

/**
 * Reads a GeneralNames like `readGeneralNames`, but leaves out the names that OpenSSL accepts and that cannot be read.
 * An empty list is accepted. The structure must be DER all the same. It takes one pass.
 *
 * @throws MTLS_ERR_DER_INVALID
 */
export function readFlawedNames (bytes: Uint8Array, start: number, end: number): FlawedNames {
  const outer = new DerReader(bytes, start, end)
  const reader = outer.enter(TAG.sequence)
  outer.finish()
  const names: GeneralName[] = []
  const unknown = new Set<SubjectAltNameKind>()
  while (!reader.done) {
    const element = reader.next()
    const { tag, contentStart, end: contentEnd } = element
    const text = TEXTS.get(tag)
    if (text !== undefined && findOddOctet(bytes, element) !== undefined) unknown.add(text)
    else if (tag === IP && contentEnd - contentStart !== 4 && contentEnd - contentStart !== 16) unknown.add('ip')
    else if (tag === OTHER_NAME) readOther(() => names.push(readGeneralName(bytes, element)), unknown)
    else names.push(readGeneralName(bytes, element))
  }
  return { names, unknown: [...unknown] }
}

/** Only the text of an otherName may be wrong. Its structure and its type are read before. */
function readOther (read: () => void, unknown: Set<SubjectAltNameKind>): void {
  try {
    read()
  } catch (error) {
    const { reason } = error as DerInvalidError
    const isText = reason === 'general_name_invalid' || reason === 'string_invalid'
    if (!(error instanceof MTLS_ERR_DER_INVALID) || !isText) throw error
    unknown.add('otherName')
  }
}
