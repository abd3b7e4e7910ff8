import { countRules } from '../compile-groups.ts'
import type { FlatRules } from '../compile-groups.ts'
import type { ParsedKey, ParsedRule } from '../language/parsed-rule.ts'
import { describeRequestValue, isRequestValue } from '../language/request-value.ts'
import { RULE_KEYS } from '../language/rule-keys.ts'
import type { RuleKey } from '../language/rule-keys.ts'
import { describeTime } from '../language/rule-period.ts'
import { PeriodCondition } from '../match/period-condition.ts'

const MAX_LINES = 50
const MAX_VALUES = 5

/** Describes a rule set, one line per rule. */
export function describeRules (flat: FlatRules): string {
  const { rules, shared, predicates } = flat
  const total = countRules(flat)
  const lines: { readonly index: number, readonly text: string }[] = []
  const firstShared = shared.flatMap(({ definition, origin }) => {
    return definition.rules.slice(0, MAX_LINES).map((rule) => ({ rule, origin }))
  })
  const entries = [...rules, ...firstShared].sort((a, b) => a.origin.index - b.origin.index)
  for (const { rule, origin } of entries.slice(0, MAX_LINES)) {
    lines.push({ index: origin.index, text: `${groupOf(origin)}${describeRule(rule)}` })
  }
  for (const { path, origin } of predicates.slice(0, MAX_LINES)) {
    lines.push({ index: origin.index, text: `${groupOf(origin)}any peer that the predicate at ${path} allows` })
  }
  const shown = lines.sort((a, b) => a.index - b.index).slice(0, MAX_LINES)
  const rest = total > shown.length ? [`- and ${total - shown.length} more`] : []
  return [...shown.map(({ text }) => `- ${text}`), ...rest].join('\n')
}

function groupOf ({ group }: { readonly group: string | undefined }): string {
  return group === undefined ? '' : `${JSON.stringify(group)}: `
}

/** `OU is "billing" and issuer is "CN=…"`. */
function describeRule ({ keys }: ParsedRule): string {
  return keys.map(describeKey).join(' and ')
}

function describeKey (parsed: ParsedKey): string {
  const { key, rules, values, conditions: [condition] } = parsed
  if (condition instanceof PeriodCondition) return `${RULE_KEYS[key].phrase} ${describeTime(condition.moment)}`
  const count = rules?.length ?? values.length
  const text = `${listExpected(parsed).join(' or ')}${count > MAX_VALUES ? ` or ${count - MAX_VALUES} more` : ''}`
  return key === 'not' && count > 1 ? `none of ${text}` : `${RULE_KEYS[key].phrase} ${text}`
}

/**
 * The first values of a key as text: quoted, or `any name with o "Example"`. For `not` and `via`, the nested rules in
 * parentheses.
 */
export function listExpected ({ key, values, rules, conditions: [condition] }: ParsedKey): readonly string[] {
  if (condition instanceof PeriodCondition) {
    const time = describeTime(condition.moment)
    return [key === 'validFrom' ? `a time from ${time} on` : `a time before ${time}`]
  }
  if (rules !== undefined) return rules.slice(0, MAX_VALUES).map((rule) => `(${describeRule(rule)})`)
  return values.slice(0, MAX_VALUES).map((value) => {
    if (!isObject(value)) return JSON.stringify(value)
    if (isRequestValue(value)) return describeRequestValue(value)
    return `${NAMES.has(key) ? 'any name with ' : ''}${describeParts(value)}`
  })
}

/** The keys whose objects list attributes of a name. */
const NAMES: ReadonlySet<RuleKey> = new Set<RuleKey>(['subject', 'issuer', 'directoryName'])

/** `o "Example" and ou "a" or "b"`; an object in it is in parentheses. */
function describeParts (value: object): string {
  return Object.entries(value).map(([name, content]) => {
    const texts = [content as unknown].flat().slice(0, MAX_VALUES)
    return `${name} ${texts.map(describePart).join(' or ')}`
  }).join(' and ')
}

function describePart (value: unknown): string {
  if (!isObject(value)) return JSON.stringify(value)
  return isRequestValue(value) ? describeRequestValue(value) : `(${describeParts(value)})`
}

function isObject (value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
