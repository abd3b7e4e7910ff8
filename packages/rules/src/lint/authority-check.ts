import type { AuthorityFindings, ParsedKey, ParsedRule } from '../language/parsed-rule.ts'
import { isRequestValue } from '../language/request-value.ts'
import { quote, refuseRule } from '../language/rule-path.ts'
import { AwaitedAuthorities } from './awaited-authorities.ts'
import { listKinds } from './rule-authority.ts'
import type { Authorities } from './rule-authority.ts'
import { RivalSearch, listClaims, mayClaimAll } from './rule-claims.ts'
import type { KeyClaims } from './rule-claims.ts'
import { CandidateFinder, kindsOfKey, readDemand } from './rule-demand.ts'
import type { NotDemand, RuleDemand } from './rule-demand.ts'

const NO_FINDINGS: AuthorityFindings = Object.freeze({
  rivals: undefined, isAwaited: false, neverMatched: Object.freeze([])
})

/** One more than warnings list. */
const MAX_NEVER_MATCHED = 4
const MAX_NAMED = 3

/**
 * Checks rules against the authorities. Each authority is asked at most once for each value of a rule, and only as many
 * as needed.
 */
export class AuthorityCheck {
  readonly authorities: Authorities
  readonly #finder: CandidateFinder
  readonly #awaited: AwaitedAuthorities

  constructor (authorities: Authorities) {
    this.authorities = authorities
    this.#finder = new CandidateFinder(authorities)
    this.#awaited = new AwaitedAuthorities(authorities)
  }

  /** @throws RuleInvalidError if the rule can match peers of no authority */
  check (rule: Pick<ParsedRule, 'path' | 'keys'>): AuthorityFindings {
    const demand = readDemand(rule)
    const { able, neverMatched } = this.#finder.find(demand)
    const claims = listClaims(rule.keys)
    const search = new RivalSearch(claims, this.authorities, isPinned(rule.keys) || able.length === 1)
    for (const index of able) if (search.ask(index)) break
    // A gateway may pass on names without the certificate. Then the authority is unknown.
    const mayBeUnknown = demand.named === undefined && rule.keys.some(({ key }) => key === 'via')
    const isAwaited = !search.isPossible && !mayBeUnknown
    if (isAwaited && !this.#awaited.maySatisfy(demand, claims)) this.#refuse(rule, demand, claims)
    const names = this.#listNeverMatched(neverMatched, claims)
    if (search.rivals === undefined && names.length === 0 && !isAwaited) return NO_FINDINGS
    return { rivals: search.rivals, isAwaited, neverMatched: names }
  }

  #listNeverMatched (neverMatched: readonly number[], claims: readonly KeyClaims[]): readonly string[] {
    const names: string[] = []
    for (const index of neverMatched) {
      if (names.length === MAX_NEVER_MATCHED) break
      if (mayClaimAll(claims, this.authorities, index)) names.push(this.authorities.nameOf(index))
    }
    return names
  }

  #refuse ({ path, keys }: Pick<ParsedRule, 'path' | 'keys'>, demand: RuleDemand, claims: readonly KeyClaims[]): never {
    const flaws = this.#finder.permitted(demand).map((index) => this.#findFlaw(index, keys, demand, claims))
    const texts = selectFlaws(flaws).map(({ text }) => text)
    if (flaws.length === 0) texts.push(this.#awaited.describe())
    const more = Math.max(0, flaws.length - texts.length)
    const hint = [...texts, ...(more > 0 ? [`and ${more} more like these`] : [])].join('; ')
    const key = flaws[0]?.key
    const whose = demand.named === undefined ? 'some authority' : 'the authority that it names'
    const expected = `a rule that peers of ${whose} can match`
    if (key === undefined || flaws.some((flaw) => flaw.key !== key)) {
      refuseRule(path, 'never_matches', keys.map(({ spelling }) => spelling).join(', '), expected, hint)
    }
    refuseRule(path.at(key.spelling), 'never_matches', key.values[0] ?? key.spelling, expected, hint)
  }

  /** Why no peer of an authority matches: the first key at fault, and a text. */
  #findFlaw (index: number, keys: readonly ParsedKey[], demand: RuleDemand, claims: readonly KeyClaims[]): Flaw {
    const who = `authority ${JSON.stringify(this.authorities.nameOf(index))}`
    const missing = demand.kinds & ~this.authorities.kindsOf(index)
    if (missing !== 0) {
      const key = keys.find((one) => (kindsOfKey(one) & missing) !== 0)
      return { key, kind: 'unvouched', text: `${who} does not vouch for ${listKinds(missing)}` }
    }
    const failing = this.#finder.findFailing(demand, index)
    if (failing !== undefined) {
      const key = keys.find((one) => one.key === 'not')
      return { key, kind: failing.kinds === 0 ? 'excluded' : 'not', text: `${who} ${describeFailing(failing)}` }
    }
    const key = claims.find((one) => !mayClaimAll([one], this.authorities, index))?.key
    return { key, kind: 'outside', text: `${who} may not claim ${describeValues(key)}` }
  }
}

/** The kinds of flaws, the most likely first: the rule probably means an authority that vouches for the kind. */
const FLAW_KINDS = ['outside', 'excluded', 'not', 'unvouched'] as const

/** Why no peer of one authority matches. */
interface Flaw {
  readonly key: ParsedKey | undefined
  readonly kind: typeof FLAW_KINDS[number]
  readonly text: string
}

/** Some of the flaws, the most likely first, and at least one of each kind. */
function selectFlaws (flaws: readonly Flaw[]): readonly Flaw[] {
  const byKind = FLAW_KINDS.map((kind) => flaws.filter((flaw) => flaw.kind === kind)).filter(({ length }) => length > 0)
  let spare = MAX_NAMED - byKind.length
  return byKind.flatMap(([first, ...others]) => {
    const more = others.slice(0, Math.max(0, spare))
    spare -= more.length
    return [first as Flaw, ...more]
  })
}

function describeFailing ({ kinds }: NotDemand): string {
  return kinds === 0 ? 'is excluded by "not"' : `does not vouch for ${listKinds(kinds)}, so "not" never matches`
}

function describeValues (key: ParsedKey | undefined): string {
  if (key === undefined) return 'it'
  const { spelling, values: [value, ...others] } = key
  if (others.length > 0) return `any value of ${spelling}`
  return typeof value === 'string' ? `${spelling} ${quote(value)}` : `this ${spelling}`
}

/** Whether the rule identifies peers by something other than names. */
function isPinned (keys: readonly ParsedKey[]): boolean {
  return keys.some(({ key, values }) => {
    return (key === 'authority' || key === 'fingerprint' || key === 'publicKey') && !values.some(isRequestValue)
  })
}
