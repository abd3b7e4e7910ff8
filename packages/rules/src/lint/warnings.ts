import type { ParsedKey, ParsedRule } from '../language/parsed-rule.ts'
import { isRequestValue } from '../language/request-value.ts'
import { RULE_KEYS, isPeriodKey } from '../language/rule-keys.ts'
import type { RulePath } from '../language/rule-path.ts'
import { describeTime } from '../language/rule-period.ts'
import { listSome } from './rule-authority.ts'

/** An authorizer lists as many warnings, and counts the rest. */
export const MAX_WARNINGS = 20
const MAX_NAMES = 3

const CHANGEABLE = 'the holder can change the fingerprint of a certificate, and it still verifies (another form of ' +
  'its ECDSA signature); block it by "issuer" and "serialNumber", or by "publicKey"'

/**
 * Whether a rule needs no warning. Without authorities: it has a value that not every trusted CA can issue. With
 * authorities: there are no findings.
 */
export function isPinned ({ keys, findings }: ParsedRule): boolean {
  if (findings !== undefined) {
    const { rivals, neverMatched, isAwaited } = findings
    return rivals === undefined && neverMatched.length === 0 && !isAwaited
  }
  return keys.some(({ key, values }) => RULE_KEYS[key].isPinned === true && !values.some(isRequestValue))
}

/** Whether a rule allowed peers for a time that is over. */
export function hasEnded ({ dependencies }: ParsedRule, now: number): boolean {
  return (dependencies?.period?.until ?? Infinity) <= now
}

/** What a warning is about. */
export type WarningKind =
  | 'over_broad' | 'several_authorities' | 'awaited' | 'never_matched' | 'evadable' | 'literal' | 'ended'

/** A doubtful rule. */
export interface Warning {
  readonly kind: WarningKind
  readonly path: string
  readonly text: string
}

function warn (kind: WarningKind, path: RulePath, text: string): Warning {
  return { kind, path: path.toString(), text }
}

/** What is doubtful about a rule. */
export function warnOfRule (rule: ParsedRule, now: number): readonly Warning[] {
  const { path, dependencies } = rule
  if (hasEnded(rule, now)) {
    const end = describeTime(dependencies?.period?.until as number)
    return [warn('ended', path, `has ended at ${end}, so it allows nobody`)]
  }
  const keys = rule.keys.filter(({ key }) => !isPeriodKey(key))
  const asking = keys.filter(({ key }) => key !== 'not' && key !== 'via')
  const warnings = keys.flatMap((key) => warnOfKey(key, rule))
  if (keys.every(({ key }) => key === 'not')) {
    const text = 'has only "not", so every other peer with a trusted certificate is allowed'
    warnings.unshift(warn('over_broad', path, text))
  } else if (asking.length === 0) {
    const text = 'has no key for the peer\'s own certificate, so every peer of that gateway is allowed'
    warnings.unshift(warn('over_broad', path, text))
  } else warnings.unshift(...warnOfOthers(rule, asking))
  return [...warnings, ...warnOfNeverMatched(rule), ...warnOfFingerprints(rule)]
}

/** Warns if another peer may get a certificate that the rule matches. */
function warnOfOthers (rule: ParsedRule, asking: readonly ParsedKey[]): Warning[] {
  const { path, findings } = rule
  const matches = `matches ${asking.map(({ spelling }) => spelling).join(', ')} only`
  if (findings === undefined) {
    if (isPinned(rule)) return []
    const text = `${matches}, from any trusted CA; if you trust several, add "authority" or "issuer"`
    return [warn('several_authorities', path, text)]
  }
  if (findings.isAwaited) {
    return [warn('awaited', path, 'matches no peer until an authority is added that vouches for it')]
  }
  if (findings.rivals === undefined) return []
  const hasIssuer = asking.some(({ key }) => key === 'issuer')
  const names = hasIssuer ? ', because a CA of either may have the name of the issuer' : ''
  const text = `${matches}, which authorities ${findings.rivals.join(' and ')} may both claim${names}; add "authority"`
  return [warn('several_authorities', path, text)]
}

function warnOfNeverMatched ({ path, findings }: ParsedRule): Warning[] {
  if (findings === undefined || findings.neverMatched.length === 0) return []
  const { neverMatched } = findings
  const isLong = neverMatched.length > MAX_NAMES
  const first = neverMatched.slice(0, MAX_NAMES)
  const some = isLong ? `${first.join(', ')} and others` : listSome(first, MAX_NAMES)
  const [who, they] = neverMatched.length === 1 ? ['authority', 'it does'] : ['authorities', 'they do']
  const text = `peers of ${who} ${some} never match, because ${they} not vouch for the names in "not"`
  return [warn('never_matched', path.at('not'), text)]
}

/** Warns of a `not` that the holder of a certificate can evade. */
function warnOfFingerprints ({ keys }: ParsedRule, negated = false): Warning[] {
  return keys.flatMap(({ key, rules = [] }) => rules.flatMap((rule) => {
    const isNegated = key === 'not' ? !negated : negated
    const fingerprint = isNegated ? rule.keys.find(({ key }) => key === 'fingerprint') : undefined
    const inner = warnOfFingerprints(rule, isNegated)
    if (fingerprint === undefined) return inner
    return [warn('evadable', rule.path.at(fingerprint.spelling), CHANGEABLE), ...inner]
  }))
}

function warnOfKey ({ key, spelling, values, rules }: ParsedKey, rule: ParsedRule): Warning[] {
  const path = rule.path.at(spelling)
  // A false gateway could forward any certificate. Without authorities, nothing is known about gateways.
  if (key === 'via') return rules?.flatMap(warnOfGateway) ?? []
  const texts = values.filter((value) => typeof value === 'string')
  if (RULE_KEYS[key].attribute !== undefined && texts.some((text) => text.includes('*'))) {
    return [warn('literal', path, '"*" is not a wildcard here; it matches only itself')]
  }
  if (key === 'uri' && texts.some((text) => text.startsWith('spiffe:'))) {
    return [warn('literal', path, '"spiffe" would also require a valid X.509-SVID')]
  }
  return []
}

function warnOfGateway (rule: ParsedRule): Warning[] {
  if (rule.findings === undefined) return []
  const asking = rule.keys.filter(({ key }) => key !== 'not')
  return [...asking.length === 0 ? [] : warnOfOthers(rule, asking), ...warnOfNeverMatched(rule)]
}
