import { attributeTypeNames, describeAttributeType, isObjectIdentifier, resolveAttributeType } from '@peerkit/identity'
import type { DistinguishedName, PeerIdentity } from '@peerkit/identity'
import { suggestNearest } from '@peerkit/identity/internal'
import { joinAlternatives } from '../../match/alternatives.ts'
import { createAnyOfValues } from '../../match/any-of-values.ts'
import { UNKNOWN, anyOf, truthOf } from '../../match/condition.ts'
import type { Condition, Truth } from '../../match/condition.ts'
import { SameEntry } from '../../match/same-entry.ts'
import type { EntryTest } from '../../match/same-entry.ts'
import { readBound } from '../bound-value.ts'
import { isRequestValue } from '../request-value.ts'
import type { Binding } from '../request-value.ts'
import { expectPlainObject, isPlainObject, listValues, refuseRule } from '../rule-path.ts'
import type { RulePath } from '../rule-path.ts'
import { literalOfAttribute } from './literal.ts'
import { listAttributes, listNames, listTexts, readAttribute, readWholeName } from './name.ts'
import type { NameField } from './name.ts'
import { ORGANIZATION_IDENTIFIER, parseAll, readIdentifierParts } from './organization-identifier.ts'

/** Every name of an attribute type. */
const NAMES = new Set(attributeTypeNames().flatMap((name) => [name, name.toLowerCase()]))

/**
 * A whole name, or an object of attributes, as conditions that must all hold.
 *
 * @param bindings where values of the request are added
 * @throws RuleInvalidError
 */
export function readNameRule (
  field: NameField, value: unknown, path: RulePath, bindings: Binding[]
): readonly Condition[] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return readAttributes(field, value, path, bindings)
  }
  return [createAnyOfValues([readWholeName(field, value, path)])]
}

/** The conditions on one attribute, and the same for a single name. */
interface AttributeRule {
  readonly conditions: readonly Condition[]
  readonly has: EntryTest<DistinguishedName>
}

function readAttributes (
  field: NameField, value: object, path: RulePath, bindings: Binding[]
): readonly Condition[] {
  const seen = new Map<string, string>()
  const expected = 'an object of attributes, such as { "o": "Example" }'
  const attributes = expectPlainObject(value, path, expected).map(([name, texts]) => {
    const at = path.at(name)
    const oid = NAMES.has(name) || isObjectIdentifier(name) ? resolveAttributeType(name) : undefined
    if (oid === undefined) {
      refuseRule(
        at, 'unknown_key', name, 'an attribute type such as cn, o, ou, c or an OID', suggestNearest(name, NAMES)
      )
    }
    const other = seen.get(oid)
    if (other !== undefined) {
      const hint = `both are ${describeAttributeType(oid) ?? oid}`
      refuseRule(at, 'duplicate_key', name, `one of ${other} and ${name}`, hint)
    }
    seen.set(oid, name)
    return readAttributeRule(field, oid, listValues(texts, at), bindings)
  })
  const conditions = attributes.flatMap((attribute) => attribute.conditions)
  // There is only one subject, and one issuer.
  if (field !== 'directoryName' || conditions.length === 1) return conditions
  const list = (peer: PeerIdentity): readonly DistinguishedName[] | undefined => listNames(peer, field)
  return [...conditions, new SameEntry(list, attributes.map(({ has }) => has))]
}

function readAttributeRule (
  field: NameField, oid: string, values: ReturnType<typeof listValues>, bindings: Binding[]
): AttributeRule {
  const alternatives = values.map(({ value, path }): AttributeRule => {
    if (isRequestValue(value)) {
      const bound = readBound(value, path, literalOfAttribute(field, oid), bindings)
      return { conditions: [bound], has: (name, peerValues) => bound.testTexts(listTexts(name, oid), peerValues) }
    }
    if (oid === ORGANIZATION_IDENTIFIER && isPlainObject(value)) return readIdentifier(field, value, path)
    const text = readAttribute(field, oid, value, path)
    return { conditions: [createAnyOfValues([text])], has: (name) => truthOf(listTexts(name, oid).includes(text.key)) }
  })
  return {
    conditions: joinAlternatives(alternatives.map(({ conditions }) => conditions)),
    has: (name, peerValues) => anyOf(alternatives.map(({ has }) => has(name, peerValues)))
  }
}

function readIdentifier (field: NameField, value: unknown, path: RulePath): AttributeRule {
  const list = (peer: PeerIdentity): readonly string[] | undefined => {
    return listAttributes(peer, field, ORGANIZATION_IDENTIFIER)
  }
  const { conditions, hasAll } = readIdentifierParts(value, path, `${field}:${ORGANIZATION_IDENTIFIER}`, list)
  const has = (name: DistinguishedName): Truth => {
    const identifiers = parseAll(listTexts(name, ORGANIZATION_IDENTIFIER))
    return identifiers === undefined ? UNKNOWN : truthOf(identifiers.some(hasAll))
  }
  if (conditions.length === 1) return { conditions, has }
  const one = new SameEntry((peer) => parseAll(list(peer)), [(identifier) => truthOf(hasAll(identifier))])
  return { conditions: [...conditions, one], has }
}
