import type { FlatRules } from './flatten-entries.ts'
import { listSome } from './list-words.ts'
import type { ParsedKey, ParsedRule } from './parsed-rule.ts'
import type { RuleKey } from './rule-keys.ts'

const MAX_WARNINGS = 20
const MAX_NAMES = 3

const CHANGEABLE = 'a holder can change the fingerprint of a certificate, which still verifies (another form of its ' +
  'ECDSA signature); block it by "issuer" and "serialNumber", or by "publicKey"'

/** Keys whose content any CA may put into a certificate. A SPIFFE trust domain has its own CA, and a digest is the certificate itself. */
const UNPINNED: ReadonlySet<RuleKey> = new Set<RuleKey>(['subject', 'commonName', 'organization', 'organizationalUnit', 'dns', 'uri', 'email', 'ip', 'policy', 'extendedKeyUsage', 'not'])

/** Rules that are valid but probably mean less or more than was meant. */
export function listWarnings ({ rules, shared }: FlatRules): string[] {
  const warnings: string[] = []
  let more = 0
  const all = [rules.map(({ rule }) => rule), ...shared.map(({ definition }) => definition.rules)]
  for (const rule of all.flat()) {
    const texts = warnings.length < MAX_WARNINGS ? warnOfRule(rule) : undefined
    if (texts === undefined) more += isPinned(rule) ? 0 : 1
    else warnings.push(...texts)
  }
  return more === 0 ? warnings : [...warnings, `and ${more} more rules like these`]
}

/**
 * Whether a rule asks for something that not every trusted CA could put into a certificate for someone else. Where the
 * authorities are known, whether at most one of them may vouch for whom it means, and none of them in vain.
 */
function isPinned ({ keys, findings }: ParsedRule): boolean {
  if (findings !== undefined) return findings.rivals === undefined && findings.neverMatched.length === 0
  return keys.some(({ key }) => key !== 'via' && !UNPINNED.has(key))
}

function warnOfRule (rule: ParsedRule): string[] {
  const { keys, path } = rule
  const asking = keys.filter(({ key }) => key !== 'not' && key !== 'via')
  const warnings = keys.flatMap((key) => warnOfKey(key, rule))
  if (keys.every(({ key }) => key === 'not')) warnings.unshift(`${path}: holds only "not", so that everyone else with a trusted certificate is allowed`)
  else if (asking.length === 0) warnings.unshift(`${path}: asks nothing of the peer's own certificate, so that every peer of that gateway is allowed`)
  else warnings.unshift(...warnOfOthers(rule, asking))
  return [...warnings, ...warnOfNeverMatched(rule), ...warnOfFingerprints(rule)]
}

/** Someone else may be given what the rule asks. */
function warnOfOthers (rule: ParsedRule, asking: readonly ParsedKey[]): string[] {
  const { path, findings } = rule
  const matches = `${path}: matches ${asking.map(({ spelling }) => spelling).join(', ')} alone`
  if (findings === undefined) {
    if (isPinned(rule)) return []
    return [`${matches}, from any trusted CA; where several are trusted, add "authority" or "issuer"`]
  }
  if (findings.rivals === undefined) return []
  const hasIssuer = asking.some(({ key }) => key === 'issuer')
  const names = hasIssuer ? ', since a CA of either may bear the name of the issuer' : ''
  return [`${matches}, which authorities ${findings.rivals.join(' and ')} may both claim${names}; add "authority"`]
}

function warnOfNeverMatched ({ path, findings }: ParsedRule): string[] {
  if (findings === undefined || findings.neverMatched.length === 0) return []
  const { neverMatched } = findings
  const some = neverMatched.length > MAX_NAMES ? `${neverMatched.slice(0, MAX_NAMES).join(', ')} and others` : listSome(neverMatched, MAX_NAMES)
  const [who, they] = neverMatched.length === 1 ? ['authority', 'it does'] : ['authorities', 'they do']
  return [`${path.at('not')}: peers of ${who} ${some} are never matched, since ${they} not vouch for what "not" asks`]
}

/** A `not` that its holder can get around. */
function warnOfFingerprints ({ keys }: ParsedRule, negated = false): string[] {
  return keys.flatMap(({ key, rules = [] }) => rules.flatMap((rule) => {
    const isNegated = key === 'not' ? !negated : negated
    const fingerprint = isNegated ? rule.keys.find(({ key }) => key === 'fingerprint') : undefined
    const inner = warnOfFingerprints(rule, isNegated)
    if (fingerprint === undefined) return inner
    return [`${rule.path.at(fingerprint.spelling)}: ${CHANGEABLE}`, ...inner]
  }))
}

function warnOfKey ({ key, spelling, values, rules }: ParsedKey, rule: ParsedRule): string[] {
  const path = rule.path.at(spelling)
  // Whoever may pose as the gateway may pass on anything. Without the authorities nothing is known of gateways.
  if (key === 'via') return rules?.flatMap(warnOfGateway) ?? []
  const texts = values.filter((value) => typeof value === 'string')
  if ((key === 'commonName' || key === 'organization' || key === 'organizationalUnit') && texts.some((text) => text.includes('*'))) {
    return [`${path}: "*" stands for itself here; there are no wildcards in names`]
  }
  if (key === 'uri' && texts.some((text) => text.startsWith('spiffe:'))) return [`${path}: "spiffe" would also ask that the certificate is a valid X.509-SVID`]
  if (key === 'ip' && texts.some((text) => text.endsWith('/0'))) return [`${path}: a range of every address`]
  return []
}

function warnOfGateway (rule: ParsedRule): string[] {
  if (rule.findings === undefined) return []
  const asking = rule.keys.filter(({ key }) => key !== 'not')
  return [...asking.length === 0 ? [] : warnOfOthers(rule, asking), ...warnOfNeverMatched(rule)]
}
