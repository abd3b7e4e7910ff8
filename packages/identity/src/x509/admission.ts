import { decodeObjectIdentifier } from '../der/object-identifier.ts'
import { TAG } from '../der/primitives.ts'
import { enterOnly } from '../der/reader.ts'
import type { DerReader } from '../der/reader.ts'
import { malformed } from '../errors.ts'
import { readGeneralName } from './general-names.ts'
import { readValueText } from './value-text.ts'

/** The OID of the extension admission (Common PKI part 1, table 29b; ISIS-MTT). */
export const ADMISSION = '1.3.36.8.3.3'

/** A group of professions that the extension admission claims: one ProfessionInfo. */
export interface AdmittedProfession {
  /** Their texts, such as `Ärztin/Arzt`. */
  readonly professions: readonly string[]
  /** Their OIDs, such as 1.2.276.0.76.4.30. */
  readonly professionOids: readonly string[]
  /** The number in the register of the profession, such as a Telematik-ID. */
  readonly registrationNumber: string | undefined
}

/** More texts and OIDs than any profile has. */
const MAX_VALUES = 1_000

/**
 * Reads the admission that fills `bytes`. The professions of all admissions are one list.
 *
 * @throws DerInvalidError
 */
export function readAdmission (bytes: Uint8Array): readonly AdmittedProfession[] {
  const reader = enterOnly(bytes, 0, bytes.length)
  // A GeneralName is a choice of context-specific tags.
  if (reader.peek() >= 0x80) readGeneralName(bytes, reader.next())
  const admissions = reader.enter(TAG.sequence)
  reader.finish()
  const found: AdmittedProfession[] = []
  const budget = { values: MAX_VALUES }
  while (!admissions.done) readAdmissions(admissions.enter(TAG.sequence), found, budget)
  return Object.freeze(found)
}

interface Budget { values: number }

function readAdmissions (admissions: DerReader, found: AdmittedProfession[], budget: Budget): void {
  const authority = admissions.optional(0xa0)
  if (authority !== undefined) {
    const inside = admissions.inside(authority)
    readGeneralName(inside.bytes, inside.next())
    inside.finish()
  }
  checkNamingAuthority(admissions, 0xa1)
  const infos = admissions.enter(TAG.sequence)
  admissions.finish()
  while (!infos.done) found.push(readProfession(infos.enter(TAG.sequence), budget))
}

function readProfession (info: DerReader, budget: Budget): AdmittedProfession {
  checkNamingAuthority(info, 0xa0)
  const professions = readList(info, readValueText, budget)
  const professionOids = info.peek() === TAG.sequence ? readList(info, readOid, budget) : NONE
  const registrationNumber = info.done || info.peek() === TAG.octetString ? undefined : readValueText(info)
  // addProfessionInfo, whose content each profession defines.
  info.optional(TAG.octetString)
  info.finish()
  return Object.freeze({ professions, professionOids, registrationNumber })
}

const NONE: readonly string[] = Object.freeze([])

function readList (reader: DerReader, read: (list: DerReader) => string, budget: Budget): readonly string[] {
  const list = reader.enter(TAG.sequence)
  const values: string[] = []
  while (!list.done) {
    if (--budget.values < 0) malformed('too_large', list.offset, `more than ${MAX_VALUES} professions`)
    values.push(read(list))
  }
  return Object.freeze(values)
}

function readOid (reader: DerReader): string {
  const { contentStart, end } = reader.expect(TAG.objectIdentifier)
  return decodeObjectIdentifier(reader.bytes, contentStart, end)
}

/** A SEQUENCE of namingAuthorityId (OID), namingAuthorityUrl (IA5String) and namingAuthorityText, all optional. */
function checkNamingAuthority (reader: DerReader, tag: number): void {
  const element = reader.optional(tag)
  if (element === undefined) return
  const explicit = reader.inside(element)
  const authority = explicit.enter(TAG.sequence)
  explicit.finish()
  if (authority.peek() === TAG.objectIdentifier) readOid(authority)
  if (authority.peek() === TAG.ia5String) readValueText(authority)
  if (!authority.done) readValueText(authority)
  authority.finish()
}
