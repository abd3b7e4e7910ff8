import { describeAttributeType, resolveAttributeType } from '@peerkit/identity'
import type { DistinguishedName } from '@peerkit/identity'
import { wrongValue } from '@peerkit/identity/internal'
import { PathOptionError } from '../errors.ts'

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
