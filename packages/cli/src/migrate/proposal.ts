import { compileRules } from '@peerkit/rules'
import type { RuleSet } from '@peerkit/rules'
import type { Comparison } from './comparison.ts'

/** A rule that says what a comparison says, or why there is none. */
export interface Proposal {
  /** The value of `allowedClients`. */
  readonly rule?: Rule
  readonly note?: string
}

const SUBJECT: Readonly<Record<string, string>> = { CN: 'cn', O: 'o', OU: 'ou' }
const NAMES: ReadonlyArray<readonly [prefix: string, key: string]> = [
  ['URI:spiffe://', 'spiffe'], ['DNS:', 'dns'], ['URI:', 'uri'], ['email:', 'email'], ['IP Address:', 'ip']
]

const PART = 'the code looks for a part of the text, so it also allows longer names; the rule compares the whole name'

/** What rule a comparison stands for. */
export function propose ({ path, values, how }: Comparison): Proposal {
  const [field = '', attribute = ''] = path
  if (how === 'pattern') return { note: `${path.join('.')} is compared by a pattern: write the rule by hand` }
  if (field === 'subjectaltname' || field === 'subjectAltName') return proposeName(values, how)
  if (how === 'part') return { note: `${path.join('.')} is compared in part: write the rule by hand` }
  if (field === 'subject' && attribute in SUBJECT) return check({ [SUBJECT[attribute] as string]: only(values) })
  if (field === 'issuer' && attribute in SUBJECT) {
    return check({ issuer: { [SUBJECT[attribute] as string]: only(values) } },
      'any CA can write this name as an issuer; name the CA as an authority, and use the key authority')
  }
  if (field === 'fingerprint256') {
    return check({ fingerprint: only(values) }, 'this client is refused after its next renewal; prefer a name')
  }
  if (field === 'fingerprint' || field === 'fingerprint512') {
    const hash = field === 'fingerprint' ? 'SHA-1' : 'SHA-512'
    return { note: `rules compare SHA-256, not ${hash}: "peerkit inspect FILE" shows it; better, compare a name` }
  }
  if (field === 'serialNumber') {
    return { note: `a serial number is unique for one issuer only: { serialNumber: ${shownValue(values)}, issuer: … }` }
  }
  return { note: `${path.join('.')} has no proposal: "peerkit inspect FILE" lists the rules for a certificate` }
}

function proposeName (values: readonly string[], how: Comparison['how']): Proposal {
  const [prefix, key] = NAMES.find(([start]) => values.every((value) => value.startsWith(start))) ?? []
  if (prefix === undefined || key === undefined) {
    return { note: 'subjectaltname is a text of all names: write the rule by hand, as dns, uri, spiffe, email or ip' }
  }
  const start = key === 'spiffe' ? 'URI:' : prefix
  return check({ [key]: only(values.map((value) => value.slice(start.length))) }, how === 'part' ? PART : undefined)
}

/** Only rules that the service would take are proposed. */
function check (rule: Rule, note?: string): Proposal {
  try {
    compileRules([rule] as RuleSet)
    return { rule, ...(note !== undefined && { note }) }
  } catch (error) {
    return { note: `no rule can say this: ${(error as Error).message}` }
  }
}

/** A rule as data. */
export type Rule = Readonly<Record<string, unknown>>

/** One rule that requires all of them. Undefined if two are about the same key. */
export function joinAll (rules: readonly Rule[]): Rule | undefined {
  const keys = rules.flatMap((rule) => Object.keys(rule))
  return new Set(keys).size === keys.length ? Object.assign({}, ...rules) : undefined
}

function only (values: readonly string[]): unknown {
  return values.length === 1 ? values[0] : values
}

function shownValue (values: readonly string[]): string {
  return JSON.stringify(only(values))
}
