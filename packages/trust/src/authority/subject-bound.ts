import { describeAttributeType, resolveAttributeType } from '@peerkit/identity'
import type { DistinguishedName } from '@peerkit/identity'
import { MTLS_ERR_PATH_OPTION } from '../errors.ts'
import { describeType } from '../option-check.ts'

/** By short name (`o`, `ou`, `cn`) or OID: the values that the attribute may have. */
export type SubjectAttributes = Readonly<Record<string, string | readonly string[]>>

/** Attributes that a subject must have, and the only values that each may have there. */
export interface SubjectBound {
  /** Values by the attribute's OID. */
  readonly attributes: ReadonlyMap<string, readonly string[]>
  readonly text: string
}

/** @throws MTLS_ERR_PATH_OPTION */
export function readSubjectBound (given: SubjectAttributes, where: string): SubjectBound {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw new MTLS_ERR_PATH_OPTION(`${where} is ${typeof given === 'string' ? JSON.stringify((given as string).slice(0, 100)) : describeType(given)}; expected "any" or attributes such as { o: "Partner" }`)
  const attributes = new Map<string, readonly string[]>()
  for (const [name, value] of Object.entries(given)) {
    const oid = resolveAttributeType(name)
    if (oid === undefined) throw new MTLS_ERR_PATH_OPTION(`${where} holds "${name}"; expected an attribute such as o, ou, cn, or an OID`)
    if (attributes.has(oid)) throw new MTLS_ERR_PATH_OPTION(`${where} names ${attributeName(oid)} twice; expected each attribute once, with a list of its values`)
    const values: readonly unknown[] = Array.isArray(value) ? value : [value]
    if (values.length === 0 || !values.every((text) => typeof text === 'string' && text !== '')) throw new MTLS_ERR_PATH_OPTION(`${where}.${name} is ${describeType(value)}; expected text, or a list of texts`)
    attributes.set(oid, Object.freeze([...values as string[]]))
  }
  if (attributes.size === 0) throw new MTLS_ERR_PATH_OPTION(`${where} names no attribute; expected "any" or attributes such as { o: "Partner" }`)
  return { attributes, text: describe(attributes) }
}

/**
 * Whether a subject is within the bound: each attribute is there, and has no value besides those allowed. A second O beside the right one would otherwise
 * match rules about somebody else's.
 */
export function isSubjectWithin (subject: DistinguishedName, { attributes }: SubjectBound): boolean {
  const all = subject.rdns.flat()
  for (const [oid, allowed] of attributes) {
    const found = all.filter(({ type }) => type === oid)
    // A value that is no text cannot be compared.
    if (found.length === 0 || !found.every(({ encoding, value }) => encoding !== 'other' && allowed.includes(value))) return false
  }
  return true
}

function describe (attributes: SubjectBound['attributes']): string {
  return [...attributes].map(([oid, values]) => `${attributeName(oid)}=${values.join('|')}`).join(',')
}

function attributeName (oid: string): string {
  return describeAttributeType(oid) ?? oid
}
