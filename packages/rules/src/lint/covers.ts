import type { ParsedKey, ParsedRule } from '../language/parsed-rule.ts'
import { isPeriodKey } from '../language/rule-keys.ts'
import type { FieldValue } from '../language/values/field-value.ts'
import { AnyOfValues } from '../match/any-of-values.ts'
import type { Condition } from '../match/condition.ts'
import { REST, matchSegments } from '../match/segments.ts'

/** Whether every peer that a rule matches at some time is matched by another rule too, as far as that can be told. */
export function isCoveredBy (rule: ParsedRule, other: ParsedRule): boolean {
  const { from, until } = rule.dependencies?.period ?? ALWAYS
  const around = other.dependencies?.period ?? ALWAYS
  if (from < around.from || until > around.until) return false
  return other.keys.every((key) => isPeriodKey(key.key) || rule.keys.some((own) => demandsAsMuch(own, key)))
}

const ALWAYS = { from: -Infinity, until: Infinity }

/** Whether a key can hold only where another one does. */
function demandsAsMuch (own: ParsedKey, other: ParsedKey): boolean {
  if (isSameText(own, other)) return true
  if (own.rules !== undefined || other.rules !== undefined) return false
  return other.conditions.every((condition) => own.conditions.some((one) => impliesCondition(one, condition)))
}

/** Rules within rules, and values of the request, are compared as they are written. */
function isSameText (own: ParsedKey, other: ParsedKey): boolean {
  if (own.key !== other.key) return false
  return write(own) === write(other)
}

function write ({ key, values, rules }: ParsedKey): string {
  return JSON.stringify([key, values, rules?.map(({ keys }) => keys.map(write))])
}

function impliesCondition (condition: Condition, other: Condition): boolean {
  if (!(condition instanceof AnyOfValues) || !(other instanceof AnyOfValues)) return false
  const names = new Set(other.values.map(nameOf))
  return condition.values.every((value) => {
    return names.has(nameOf(value)) || other.values.some((one) => coversValue(one, value))
  })
}

function nameOf ({ field, key }: FieldValue): string {
  return `${field.name} ${key}`
}

/** Whether a pattern, a range, a trust domain or a type without a value covers a value. */
function coversValue (wide: FieldValue, narrow: FieldValue): boolean {
  const [kind] = wide.field.name.split(/[:/]/)
  if (kind !== narrow.field.name.split(/[:/]/)[0]) return false
  switch (wide.field.name) {
    // One label before the domain: a name of a single label is not below it.
    case 'dns:parent': return narrow.field.name === 'dns' && narrow.key.split('.').slice(1).join('.') === wide.key
    case 'spiffe:trustDomain': return narrow.key.startsWith(`${wide.key}/`)
    // The type of an otherName, and the OID of an extension, with any value.
    case 'otherName': return narrow.field.name.split(':').at(-1) === wide.key
    case `extension:oid:${wide.key}`: return narrow.field.name.split(':').at(-1) === wide.key
    default: return wide.segments === undefined ? coversRange(wide, narrow) : coversPath(wide.segments, narrow)
  }
}

/** A pattern also covers a pattern of the same form, of which each segment is covered. */
function coversPath (pattern: readonly string[], { key, segments }: FieldValue): boolean {
  if (segments === undefined) return matchSegments(pattern, splitPath(key))
  return pattern.at(-1) === REST && segments.length >= pattern.length &&
    pattern.slice(0, -1).every((segment, index) => segment === segments[index])
}

function splitPath (uri: string): readonly string[] {
  const start = uri.indexOf('/', uri.indexOf('://') + 3)
  return start === -1 ? [uri] : [uri.slice(0, start), ...uri.slice(start + 1).split('/')]
}

/** The fields of ranges are called `ip/BITS/PREFIX`, and a key is the network as a number in hex. */
function coversRange (wide: FieldValue, narrow: FieldValue): boolean {
  const [kind, bits, prefix] = wide.field.name.split('/')
  const [, otherBits, otherPrefix] = narrow.field.name.split('/')
  if (kind !== 'ip' || bits !== otherBits) return false
  const longer = Number(otherPrefix) - Number(prefix)
  return longer >= 0 && BigInt(`0x${narrow.key}`) >> BigInt(longer) === BigInt(`0x${wide.key}`)
}
