import type { PeerIdentity } from '@peerkit/identity'
import { findClosest } from './explain-rule.ts'
import type { Explanation, FailedKey, RuleExplanation } from './explanation.ts'
import type { FlatRules } from './flatten-entries.ts'
import { PeerValues } from './peer-values.ts'
import { NO_IDENTITY } from './verdict.ts'
import type { Verdict } from './verdict.ts'

const MAX_RULES = 10

/** Explains the verdict of the rules. */
export function explainRules (
  { rules, shared, predicates }: FlatRules, peer: PeerIdentity | undefined | null, verdict: Verdict
): Explanation {
  const sharedRules = shared.flatMap(({ definition, origin }) => definition.rules.map((rule) => ({ rule, origin })))
  const all = [...rules, ...sharedRules]
  const found = peer === undefined || peer === null || verdict === NO_IDENTITY
    ? []
    : findClosest(all.sort((a, b) => a.origin.index - b.origin.index), new PeerValues(peer), MAX_RULES)
  const name = peer?.toString()
  const explanation = { verdict, peer: name, predicates: predicates.length, closest: found[0], rules: found }
  return Object.defineProperty(explanation, 'toString', { value: () => render(explanation) })
}

function render ({ verdict, peer, predicates, closest }: Omit<Explanation, 'toString'>): string {
  const lines = [renderVerdict(verdict), `peer: ${peer ?? 'none'}`]
  if (closest !== undefined && !verdict.allowed) lines.push(...renderRule(closest, 'closest', ''))
  if (predicates > 0 && !verdict.allowed) {
    lines.push(`${predicates} ${predicates === 1 ? 'predicate was' : 'predicates were'} not called`)
  }
  return lines.join('\n')
}

function renderVerdict (verdict: Verdict): string {
  if (!verdict.allowed) return `not allowed by the rules: ${verdict.reason}`
  const group = verdict.group === undefined ? '' : `, group ${JSON.stringify(verdict.group)}`
  return `allowed by rule ${verdict.rule}${group}`
}

function renderRule ({ path, matched, failed }: RuleExplanation, title: string, indent: string): readonly string[] {
  const holds = matched.length === 0 ? '' : `; ${matched.join(', ')} ${matched.length === 1 ? 'holds' : 'hold'}`
  return [`${indent}${title}: ${path}${holds}`, ...failed.flatMap((key) => renderKey(key, `${indent}  `))]
}

function renderKey (failed: FailedKey, indent: string): readonly string[] {
  const { key, expected, expectedCount, found, isClaim, note, within } = failed
  const more = expectedCount > expected.length ? ` or ${expectedCount - expected.length} more` : ''
  const values = found?.map((text) => JSON.stringify(text)).join(', ')
  const has = values === undefined ? 'unknown' : values === '' ? 'none' : values
  const asks = `${key}: ${key === 'not' ? 'refuses' : 'expected'} ${expected.join(' or ')}${more}`
  const why = note === undefined ? '' : ` (${note})`
  const line = `${indent}${asks}, ${isClaim ? 'the certificate claims' : 'found'} ${has}${why}`
  return within === undefined || key === 'not' ? [line] : [line, ...renderRule(within, 'gateway', `${indent}  `)]
}
