import type { FlatRules } from '../compile-groups.ts'
import type { ParsedKey, ParsedRule } from '../language/parsed-rule.ts'
import { RULE_KEYS } from '../language/rule-keys.ts'

const MAX_LINES = 50
const MAX_VALUES = 5

/** Describes a rule set, one line per rule. */
export function describeRules ({ rules, shared, predicates }: FlatRules): string {
  const sharedCount = shared.reduce((sum, { definition }) => sum + definition.rules.length, 0)
  const total = rules.length + predicates.length + sharedCount
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
  const { key, rules, values } = parsed
  const count = rules?.length ?? values.length
  const text = `${listExpected(parsed).join(' or ')}${count > MAX_VALUES ? ` or ${count - MAX_VALUES} more` : ''}`
  return key === 'not' && count > 1 ? `none of ${text}` : `${RULE_KEYS[key].phrase} ${text}`
}

/**
 * The first values of a key as text: quoted, or `any name with o "Example"`. For `not` and `via`, the nested rules in
 * parentheses.
 */
export function listExpected ({ values, rules }: ParsedKey): readonly string[] {
  if (rules !== undefined) return rules.slice(0, MAX_VALUES).map((rule) => `(${describeRule(rule)})`)
  return values.slice(0, MAX_VALUES).map((value) => {
    return typeof value === 'string' ? JSON.stringify(value) : describeAttributes(value as object)
  })
}

function describeAttributes (attributes: object): string {
  const parts = Object.entries(attributes).map(([name, value]) => {
    const texts = [value as string | readonly string[]].flat().slice(0, MAX_VALUES)
    return `${name} ${texts.map((text) => JSON.stringify(text)).join(' or ')}`
  })
  return `any name with ${parts.join(' and ')}`
}
