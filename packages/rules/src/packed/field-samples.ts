import type { ParsedKey } from '../language/parsed-rule.ts'
import { readValue } from '../language/read-rule.ts'
import { RulePath } from '../language/rule-path.ts'
import type { CertificateField } from '../language/values/field-value.ts'
import { AnyOfAlternatives } from '../match/alternatives.ts'
import { AnyOfValues } from '../match/any-of-values.ts'
import type { Condition } from '../match/condition.ts'
import type { FieldSample } from './packed-tables.ts'

const PATH = new RulePath('sample')

/** A value of a key that has a field. It is looked for once for each field. */
export function sampleField ({ key, values }: ParsedKey, name: string): FieldSample {
  const value = values.find((one) => fieldsOf(key, one).some((field) => field.name === name))
  return { name, key, value }
}

/** The field of a sample. */
export function readSample ({ name, key, value }: FieldSample): CertificateField {
  return fieldsOf(key, value).find((field) => field.name === name) as CertificateField
}

function fieldsOf (key: FieldSample['key'], value: unknown): readonly CertificateField[] {
  return listFields(readValue(key, value, PATH, { authorityCheck: undefined, bindings: [] }))
}

function listFields (conditions: readonly Condition[]): readonly CertificateField[] {
  return conditions.flatMap((condition) => {
    if (condition instanceof AnyOfValues) return condition.values.map(({ field }) => field)
    return condition instanceof AnyOfAlternatives ? listFields(condition.alternatives.flat()) : []
  })
}
