import type { FlatRules } from './flatten-entries.ts'
import type { ParsedKey, ParsedRule } from './parsed-rule.ts'
import type { RuleKey } from './rule-keys.ts'

const MAX_WARNINGS = 20

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

/** Whether a rule asks for something that not every trusted CA could put into a certificate for someone else. */
function isPinned ({ keys }: ParsedRule): boolean {
  return keys.some(({ key }) => key !== 'via' && !UNPINNED.has(key))
}

function warnOfRule (rule: ParsedRule): string[] {
  const { keys, path } = rule
  const asking = keys.filter(({ key }) => key !== 'not' && key !== 'via')
  const warnings = keys.flatMap((key) => warnOfKey(key, rule))
  if (keys.every(({ key }) => key === 'not')) warnings.unshift(`${path}: holds only "not", so that everyone else with a trusted certificate is allowed`)
  else if (asking.length === 0) warnings.unshift(`${path}: asks nothing of the peer's own certificate, so that every peer of that gateway is allowed`)
  else if (!isPinned(rule)) {
    warnings.unshift(`${path}: matches ${asking.map(({ spelling }) => spelling).join(', ')} alone, from any trusted CA; where several are trusted, pin it with "issuer"`)
  }
  return warnings
}

function warnOfKey ({ key, spelling, values }: ParsedKey, rule: ParsedRule): string[] {
  const path = rule.path.at(spelling)
  const texts = values.filter((value) => typeof value === 'string')
  if ((key === 'commonName' || key === 'organization' || key === 'organizationalUnit') && texts.some((text) => text.includes('*'))) {
    return [`${path}: "*" stands for itself here; there are no wildcards in names`]
  }
  if (key === 'uri' && texts.some((text) => text.startsWith('spiffe:'))) return [`${path}: "spiffe" would also ask that the certificate is a valid X.509-SVID`]
  if (key === 'ip' && texts.some((text) => text.endsWith('/0'))) return [`${path}: a range of every address`]
  return []
}
