import type { FlatRules } from '../flat-rules.ts'
import { MAX_WARNINGS, hasEnded, isPinned, warnOfRule } from './warnings.ts'

/**
 * Warns of rules that are valid but probably match more or fewer peers than was meant.
 *
 * @param now in milliseconds since the epoch
 */
export function listWarnings ({ rules, packed }: FlatRules, now: number): string[] {
  const warnings: string[] = []
  let more = 0
  for (const { rule } of rules) {
    const texts = warnings.length < MAX_WARNINGS ? warnOfRule(rule, now) : undefined
    if (texts === undefined) more += isPinned(rule) && !hasEnded(rule, now) ? 0 : 1
    else warnings.push(...texts.map(({ path, text }) => `${path}: ${text}`))
  }
  for (const { set } of packed) {
    const { texts, more: others } = set.warnings
    const free = Math.max(0, MAX_WARNINGS - warnings.length)
    warnings.push(...texts.slice(0, free))
    more += others + Math.max(0, texts.length - free)
  }
  return more === 0 ? warnings : [...warnings, `and ${more} more rules like these`]
}
