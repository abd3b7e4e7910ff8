import { attributeTypeNames, describeAttributeType, isObjectIdentifier, resolveAttributeType } from '@peerkit/identity'
import { suggestNearest } from '@peerkit/identity/internal'
import type { Condition } from './condition.ts'
import { expectPlainObject, listValues } from './expect-shape.ts'
import { createAnyOfValues } from './any-of-values.ts'
import type { AnyOfValues } from './any-of-values.ts'
import { AnyOfNames } from './nested-conditions.ts'
import { refuseRule } from './refuse-rule.ts'
import type { RulePath } from './rule-path.ts'
import { readAttribute } from './values/attribute.ts'
import type { NameField } from './values/attribute.ts'
import { readWholeName } from './values/whole-name.ts'

const names = new Set(attributeTypeNames().flatMap((name) => [name, name.toLowerCase()]))

/** The values of `subject` or `issuer`, as conditions that must all hold. @throws RuleInvalidError */
export function readNameRule (
  field: NameField, value: unknown, path: RulePath
): { readonly values: readonly unknown[], readonly conditions: readonly Condition[] } {
  const values = listValues(value, path)
  const alternatives = values.map(({ value, path }) => readAlternative(field, value, path))
  const [first] = alternatives
  const conditions = alternatives.length === 1 ? first as readonly AnyOfValues[] : joinAlternatives(alternatives)
  return { values: values.map(({ value }) => typeof value === 'object' ? structuredClone(value) : value), conditions }
}

function readAlternative (field: NameField, value: unknown, path: RulePath): readonly AnyOfValues[] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return readAttributes(field, value, path)
  return [createAnyOfValues([readWholeName(field, value, path)])]
}

/** Alternatives of one value each become one condition. Otherwise each needs a clause of its own. */
function joinAlternatives (alternatives: readonly (readonly AnyOfValues[])[]): readonly Condition[] {
  if (alternatives.every((conditions) => conditions.length === 1)) {
    return [createAnyOfValues(alternatives.flatMap(([condition]) => (condition as AnyOfValues).values))]
  }
  return [new AnyOfNames(alternatives)]
}

function readAttributes (field: NameField, value: object, path: RulePath): readonly AnyOfValues[] {
  const seen = new Map<string, string>()
  return expectPlainObject(value, path, 'an object of attributes, such as { "o": "Example" }').map(([name, texts]) => {
    const at = path.at(name)
    const oid = names.has(name) || isObjectIdentifier(name) ? resolveAttributeType(name) : undefined
    if (oid === undefined) {
      refuseRule(
        at, 'unknown_key', name, 'an attribute type such as cn, o, ou, c or an OID', suggestNearest(name, names)
      )
    }
    const other = seen.get(oid)
    if (other !== undefined) {
      const hint = `both are ${describeAttributeType(oid) ?? oid}`
      refuseRule(at, 'duplicate_key', name, `one of ${other} and ${name}`, hint)
    }
    seen.set(oid, name)
    return createAnyOfValues(listValues(texts, at).map(({ value, path }) => readAttribute(field, oid, value, path)))
  })
}
