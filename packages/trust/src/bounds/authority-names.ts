import { describeAttributeType, resolveAttributeType } from '@peerkit/identity'
import type { DistinguishedName } from '@peerkit/identity'
import { checkOption, refuseUnknownKeys, required, text, wrongValue } from '@peerkit/identity/internal'
import { PathOptionError } from '../errors.ts'
import type { AdmissionBound, QualifiedBound } from './claim-bounds.ts'
import { CLAIM_KINDS, TEXT_KINDS } from './name-kinds.ts'
import type { TextKind } from './name-kinds.ts'
import type { TextBound } from './text-bounds.ts'

/** One bound or several, as strings; or `'any'` for every name of the kind. */
export type NameBound = 'any' | string | readonly string[]

/**
 * The names that an authority vouches for, by kind. A certificate with a name outside the bound of its kind is refused.
 * Names of a kind that is left out are not believed: for rules they are unknown. `'any'` believes all names.
 *
 * @example
 * const names: AuthorityNames = {
 *   spiffe: 'spiffe://partner.example',
 *   dns: ['partner.example', 'partner.example.net'],
 *   subject: { o: 'Partner' }
 * }
 */
export type AuthorityNames = 'any' | {
  /**
   * Trust domains (`spiffe://partner.example`), or paths with everything below. Every `spiffe:` URI is of this kind.
   */
  readonly spiffe?: NameBound
  /** Domains with all names below. */
  readonly dns?: NameBound
  /**
   * Origins (`https://partner.example`), paths with everything below, prefixes that end in `:`, or other exact URIs.
   */
  readonly uri?: NameBound
  /** Hosts (`partner.example`), all hosts below (`.partner.example`), or mailboxes (RFC 5280 section 4.2.1.10). */
  readonly email?: NameBound
  /** Addresses and ranges (`10.0.0.0/8`, `2001:db8::/32`). */
  readonly ip?: NameBound
  /** Domains of user principal names (otherName 1.3.6.1.4.1.311.20.2.3). Any other otherName is outside the bound. */
  readonly upn?: NameBound
  /** OIDs of certificate policies. */
  readonly policy?: NameBound
  /** Registered IDs of the alternative names, as OIDs. */
  readonly registeredId?: NameBound
  /** What qcStatements may claim. Each part that is mentioned may have the listed values only. */
  readonly qualified?: 'any' | QualifiedBound
  /** What an admission may claim, likewise. */
  readonly admission?: 'any' | AdmissionBound
  /**
   * OIDs of the extensions that rules see, for the key `extension`. Other than for the other kinds, a certificate with
   * further extensions is not refused: every certificate has some. Those are unknown to rules.
   */
  readonly extension?: NameBound
  /** Attributes that the subject must have, with their allowed values. Of several such sets, any is enough. */
  readonly subject?: 'any' | SubjectAttributes | readonly SubjectAttributes[]
}

const TEXT = required(text('a string, or "any"', true))

/** The parsed bounds of one kind. A name must be within any of them. */
export type ReadBound = 'any' | readonly TextBound[]

export interface ReadNames {
  readonly text: ReadonlyMap<TextKind, ReadBound>
  readonly subject: 'any' | readonly SubjectBound[] | undefined
}

/** @throws PathOptionError naming the option, what was found and what was expected */
export function readAuthorityNames (names: AuthorityNames, where: string): ReadNames {
  if (names === 'any') return { text: new Map([...TEXT_KINDS.keys()].map((kind) => [kind, 'any'])), subject: 'any' }
  if (typeof names !== 'object' || names === null || Array.isArray(names)) {
    const expected = '"any", or an object such as { dns: "partner.example" }'
    throw wrongValue(PathOptionError, where, names, expected)
  }
  refuseUnknownKeys(names, CLAIM_KINDS, where, PathOptionError, where)
  const text = new Map<TextKind, ReadBound>()
  for (const [kind, { readBound: read, readBounds }] of TEXT_KINDS) {
    // Own properties only, so that a polluted Object.prototype cannot add bounds.
    const bound = Object.hasOwn(names, kind) ? names[kind] : undefined
    const place = `${where}.${kind}`
    if (bound === undefined) continue
    if (bound === 'any') text.set(kind, 'any')
    else text.set(kind, readBounds?.(bound, place) ?? readBound(bound as string, place, read as ReadOne))
  }
  const subject = Object.hasOwn(names, 'subject') ? names.subject : undefined
  return { text, subject: subject === undefined ? undefined : readSubject(subject, `${where}.subject`) }
}

type ReadOne = (text: string, where: string) => TextBound

function readBound (bound: string | readonly string[], where: string, read: ReadOne): ReadBound {
  const list: readonly unknown[] = Array.isArray(bound) ? bound : [bound]
  if (list.length === 0) {
    throw wrongValue(PathOptionError, where, bound, `at least one bound, or no ${where} at all`)
  }
  return list.map((text, index) => {
    const place = Array.isArray(bound) ? `${where}[${index}]` : where
    checkOption(text, TEXT, place, PathOptionError)
    return read(text as string, place)
  })
}

function readSubject (
  bound: NonNullable<Exclude<AuthorityNames, 'any'>['subject']>, where: string
): 'any' | readonly SubjectBound[] {
  if (bound === 'any') return 'any'
  if (!Array.isArray(bound)) return [readSubjectBound(bound as SubjectAttributes, where)]
  if (bound.length === 0) {
    throw wrongValue(PathOptionError, where, bound, `at least one bound, or no ${where} at all`)
  }
  return bound.map((attributes, index) => readSubjectBound(attributes, `${where}[${index}]`))
}

/** The allowed values of subject attributes, by short name (`o`, `ou`, `cn`) or OID. */
export type SubjectAttributes = Readonly<Record<string, string | readonly string[]>>

/** Attributes that a subject must have, and the only values that each may have. */
export interface SubjectBound {
  /** Values by the attribute's OID. */
  readonly attributes: ReadonlyMap<string, readonly string[]>
  readonly text: string
}

const EXPECTED = '"any" or attributes such as { o: "Partner" }'

/** @throws PathOptionError */
export function readSubjectBound (given: SubjectAttributes, where: string): SubjectBound {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw wrongValue(PathOptionError, where, given, EXPECTED)
  }
  const attributes = new Map<string, readonly string[]>()
  for (const [name, value] of Object.entries(given)) {
    const oid = resolveAttributeType(name)
    if (oid === undefined) {
      throw new PathOptionError(`${where} has "${name}"; expected an attribute such as o, ou, cn, or an OID`)
    }
    if (attributes.has(oid)) {
      const expected = 'each attribute once, with a list of its values'
      throw new PathOptionError(`${where} names ${attributeName(oid)} twice; expected ${expected}`)
    }
    const values: readonly unknown[] = Array.isArray(value) ? value : [value]
    if (values.length === 0 || !values.every((text) => typeof text === 'string' && text !== '')) {
      throw wrongValue(PathOptionError, `${where}.${name}`, value, 'a string or a list of strings')
    }
    attributes.set(oid, Object.freeze([...values as string[]]))
  }
  if (attributes.size === 0) throw new PathOptionError(`${where} names no attribute; expected ${EXPECTED}`)
  return { attributes, text: describe(attributes) }
}

/**
 * Whether a subject is within the bound: it has each attribute, with allowed values only. Otherwise a second O could
 * match rules about another organization.
 */
export function isSubjectWithin (subject: DistinguishedName, { attributes }: SubjectBound): boolean {
  const all = subject.rdns.flat()
  for (const [oid, allowed] of attributes) {
    const found = all.filter(({ type }) => type === oid)
    // A value that is not text cannot be compared.
    const isWithin = found.every(({ encoding, value }) => encoding !== 'other' && allowed.includes(value))
    if (found.length === 0 || !isWithin) return false
  }
  return true
}

function describe (attributes: SubjectBound['attributes']): string {
  return [...attributes].map(([oid, values]) => `${attributeName(oid)}=${values.join('|')}`).join(',')
}

function attributeName (oid: string): string {
  return describeAttributeType(oid) ?? oid
}
