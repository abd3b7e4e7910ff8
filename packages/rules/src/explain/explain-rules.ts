import { claimsOf, validityAt } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import type { FlatRule, FlatRules, Origin } from '../flat-rules.ts'
import type { ParsedKey, ParsedRule } from '../language/parsed-rule.ts'
import type { RulePath } from '../language/rule-path.ts'
import { isPeriodKey } from '../language/rule-keys.ts'
import { describeTime } from '../language/rule-period.ts'
import type { Circumstances } from '../match/circumstances.ts'
import { FALSE, PeerValues, TRUE, UNKNOWN } from '../match/condition.ts'
import { testAll } from '../match/matcher.ts'
import { NO_IDENTITY } from '../verdict.ts'
import type { Explanation, FailedKey, RuleExplanation, Verdict } from '../verdict.ts'
import { countValues, listExpected } from './describe-rules.ts'
import { listCandidates } from './packed-candidates.ts'
import { isNotBelieved, listFound, noteMismatch, notePeriod, noteUnknown } from './notes.ts'
import { listRequestFindings, noteRequest } from './request-findings.ts'

const MAX_RULES = 10

/** Explains the verdict of the rules. */
export function explainRules (
  { rules, packed, predicates }: FlatRules,
  peer: PeerIdentity | undefined | null,
  verdict: Verdict,
  circumstances: Circumstances
): Explanation {
  const found = verdict === NO_IDENTITY
    ? []
    : explainClosest({ rules, packed }, new PeerValues(peer as PeerIdentity, circumstances))
  const name = peer?.toString()
  const validity = peer === undefined || peer === null ? undefined : findInvalidity(peer, circumstances.now)
  const explanation = {
    verdict,
    peer: name,
    ...(validity !== undefined && { validity }),
    predicates: predicates.length,
    closest: found[0],
    rules: found
  }
  return Object.defineProperty(explanation, 'toString', { value: () => render(explanation) })
}

/** Of a peer that a gateway or a test describes, the dates may be unknown. Then nothing is said about them. */
function findInvalidity (peer: PeerIdentity, now: number): Explanation['validity'] {
  if (peer.notBefore === undefined || peer.notAfter === undefined) return undefined
  const validity = validityAt(peer, now)
  return validity === 'valid' ? undefined : validity
}

const VALIDITY_TEXTS = { expired: ', expired', not_yet_valid: ', not valid yet' } as const

function render ({ verdict, peer, validity, predicates, closest }: Omit<Explanation, 'toString'>): string {
  const dates = validity === undefined ? '' : VALIDITY_TEXTS[validity]
  const lines = [renderVerdict(verdict), `peer: ${peer ?? 'none'}${dates}`]
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
  const { key, expected, expectedCount, found, isClaim, asked = [], note, within } = failed
  const more = expectedCount > expected.length ? ` or ${expectedCount - expected.length} more` : ''
  const values = found?.map((text) => JSON.stringify(text)).join(', ')
  const has = values === undefined ? 'unknown' : values === '' ? 'none' : values
  const asks = `${key}: ${key === 'not' ? 'refuses' : 'expected'} ${expected.join(' or ')}${more}`
  const said = asked.flatMap(({ values }) => values).map((text) => JSON.stringify(text)).join(', ')
  const notes = [...said === '' ? [] : [`the request has ${said}`], ...note === undefined ? [] : [note]]
  const why = notes.length === 0 ? '' : ` (${notes.join('; ')})`
  const line = `${indent}${asks}, ${isClaim ? 'the certificate claims' : 'found'} ${has}${why}`
  return within === undefined || key === 'not' ? [line] : [line, ...renderRule(within, 'gateway', `${indent}  `)]
}

/** Explains the result of one rule for a peer, key by key. */
function explainRule (rule: ParsedRule, origin: Origin, peerValues: PeerValues): RuleExplanation {
  const matched: string[] = []
  const failed: FailedKey[] = []
  for (const key of rule.keys) {
    const truth = testAll(key.conditions, peerValues)
    if (truth === TRUE) matched.push(key.spelling)
    else failed.push(explainKey(key, rule.path.at(key.spelling), truth === UNKNOWN, peerValues))
  }
  const isUnknown = failed.every(({ result }) => result === 'unknown')
  const result = failed.length === 0 ? 'match' : isUnknown ? 'unknown' : 'mismatch'
  return { rule: origin.index, group: origin.group, path: rule.path.toString(), result, matched, failed }
}

function explainKey (parsed: ParsedKey, path: RulePath, isUnknown: boolean, peerValues: PeerValues): FailedKey {
  const { key, spelling, rules, conditions } = parsed
  const { peer, circumstances } = peerValues
  const within = rules && explainWithin(parsed, rules, isUnknown, peerValues)
  const asked = listRequestFindings(conditions, peerValues)
  // The reader should see what the certificate claims, although rules do not match against it.
  const claimed = isUnknown && isNotBelieved(parsed, peer) ? listFound(parsed, claimsOf(peer)) : undefined
  const isClaim = claimed !== undefined
  const found = isPeriodKey(key) ? [describeTime(circumstances.now)] : claimed ?? listFound(parsed, peer)
  return {
    key: spelling,
    path: path.toString(),
    result: isUnknown ? 'unknown' : 'mismatch',
    expected: listExpected(parsed),
    expectedCount: countValues(parsed),
    found: isUnknown && !isClaim && found?.length === 0 ? undefined : found,
    isClaim,
    ...(asked.length > 0 && { asked }),
    note: isUnknown
      ? (isClaim ? undefined : noteRequest(conditions, peerValues)) ?? noteUnknown(parsed, peer, within)
      : isPeriodKey(key) ? notePeriod(key) : noteMismatch(parsed, found ?? [], peer, asked),
    within,
  }
}

/** For `via`: the rule that came closest to the gateway. For `not`: the first that matched or might match. */
function explainWithin (
  { key }: ParsedKey, rules: readonly ParsedRule[], isUnknown: boolean, { peer, circumstances }: PeerValues
): RuleExplanation | undefined {
  const subject = key === 'via' ? peer.via.at(-1) : peer
  if (subject === undefined) return undefined
  const peerValues = new PeerValues(subject, circumstances)
  const origin = { index: 0, group: undefined }
  if (key === 'via') return findClosest(rules.map((rule) => ({ rule, origin })), rules.length, peerValues, 1)[0]
  const wanted = isUnknown ? UNKNOWN : TRUE
  const rule = rules.find(({ keys }) => testAll(keys.flatMap(({ conditions }) => conditions), peerValues) === wanted)
  return rule && explainRule(rule, origin, peerValues)
}

/** With more rules, near misses are not searched: it would take too long. */
const NOTED_RULES = 1000

/** The rules that came closest. */
function explainClosest (
  { rules, packed }: Pick<FlatRules, 'rules' | 'packed'>, peerValues: PeerValues
): readonly RuleExplanation[] {
  const total = packed.reduce((sum, { set }) => sum + set.size, rules.length)
  const candidates = listCandidates(packed, peerValues, total <= NOTED_RULES)
  return findClosest(chain(rules, candidates), total, peerValues, MAX_RULES)
}

function * chain (rules: Iterable<FlatRule>, others: Iterable<FlatRule>): Generator<FlatRule, void, undefined> {
  yield * rules
  yield * others
}

/** The rules that came closest, the closest first; of equal ones, those of the first entry. */
function findClosest (
  rules: Iterable<FlatRule>, total: number, peerValues: PeerValues, count: number
): readonly RuleExplanation[] {
  const best: (FlatRule & { readonly score: number })[] = []
  for (const { rule, origin } of rules) {
    const score = scoreRule(rule, peerValues, total <= NOTED_RULES)
    const isBefore = (other: typeof best[number]): boolean => {
      return other.score < score || (other.score === score && other.origin.index > origin.index)
    }
    const at = best.findIndex(isBefore)
    if (at === -1 && best.length === count) continue
    best.splice(at === -1 ? best.length : at, 0, { rule, origin, score })
    if (best.length > count) best.pop()
  }
  return best.map(({ rule, origin }) => explainRule(rule, origin, peerValues))
}

/** The share of matching keys; then their number; then near misses. A `not` and a period count only if they fail. */
function scoreRule ({ keys }: ParsedRule, peerValues: PeerValues, noted: boolean): number {
  let held = 0
  let asked = 0
  let failed = 0
  let near = false
  for (const key of keys) {
    const truth = testAll(key.conditions, peerValues)
    if (truth === TRUE) {
      if (key.key === 'not' || isPeriodKey(key.key)) continue
      held++
    } else {
      failed++
      near ||= noted && truth === FALSE && key.rules === undefined && isNearMiss(key, peerValues.peer)
    }
    asked++
  }
  if (failed === 0) return Infinity
  return held / Math.max(asked, 1) + held * 1e-4 + (near ? 1e-5 : 0)
}

function isNearMiss (key: ParsedKey, peer: PeerIdentity): boolean {
  return noteMismatch(key, listFound(key, peer) ?? [], peer) !== undefined
}
