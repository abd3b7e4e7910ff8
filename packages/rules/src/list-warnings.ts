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
  const warn = (text: string): void => {
    if (warnings.length < MAX_WARNINGS) warnings.push(text)
    else more++
  }
  for (const { rule } of rules) warnOfRule(rule, warn)
  for (const { definition } of shared) for (const rule of definition.rules) warnOfRule(rule, warn)
  return more === 0 ? warnings : [...warnings, `and ${more} more warnings`]
}

function warnOfRule ({ keys, path }: ParsedRule, warn: (text: string) => void): void {
  const asking = keys.filter(({ key }) => key !== 'not' && key !== 'via')
  if (keys.every(({ key }) => key === 'not')) warn(`${path}: holds only "not", so that everyone else with a trusted certificate is allowed`)
  else if (asking.length === 0) warn(`${path}: asks nothing of the peer's own certificate, so that every peer of that gateway is allowed`)
  else if (asking.every(({ key }) => UNPINNED.has(key))) {
    warn(`${path}: matches ${asking.map(({ spelling }) => spelling).join(', ')} alone, from any trusted CA; where several are trusted, pin it with "issuer"`)
  }
  for (const key of keys) warnOfKey(key, warn)
}

function warnOfKey ({ key, values, path }: ParsedKey, warn: (text: string) => void): void {
  const texts = values.filter((value) => typeof value === 'string')
  if ((key === 'commonName' || key === 'organization' || key === 'organizationalUnit') && texts.some((text) => text.includes('*'))) {
    warn(`${path}: "*" stands for itself here; there are no wildcards in names`)
  }
  if (key === 'uri' && texts.some((text) => text.startsWith('spiffe:'))) warn(`${path}: "spiffe" also asks that the certificate is a valid X.509-SVID`)
  if (key === 'ip' && texts.some((text) => text.endsWith('/0'))) warn(`${path}: a range of every address`)
}
