import { isSpiffe } from '@peerkit/identity'
import type { ParsedKey, ParsedRule } from '../language/parsed-rule.ts'
import { isRequestValue } from '../language/request-value.ts'
import { RULE_KEYS } from '../language/rule-keys.ts'
import { maskOf } from './rule-authority.ts'
import type { Authorities } from './rule-authority.ts'

/** What a rule requires of the authority of a certificate, independent of the values of its keys. */
export interface RuleDemand {
  /** The names in `authority`; undefined if the rule has no such key. */
  readonly named: readonly string[] | undefined
  /** The kinds that the authority must vouch for. Otherwise a key would be unknown. */
  readonly kinds: number
  readonly nots: readonly NotDemand[]
}

/** What a rule within `not` requires of the authority to be known to fail. */
export interface NotDemand {
  /** The authorities whose peers the rule can match. */
  readonly named: readonly string[] | undefined
  /** Vouching for any of these kinds is enough: one failing key decides the rule. */
  readonly kinds: number
  /** Whether a key is known for every authority, or depends on something that is not checked here. */
  readonly isOpen: boolean
}

export function readDemand ({ keys }: Pick<ParsedRule, 'keys'>): RuleDemand {
  const not = keys.find(({ key }) => key === 'not')
  return {
    named: readNames(keys),
    kinds: keys.reduce((mask, key) => mask | kindsOfKey(key), 0),
    nots: not?.rules?.map(readNot) ?? [],
  }
}

function readNames (keys: readonly ParsedKey[]): readonly string[] | undefined {
  const values = keys.find(({ key }) => key === 'authority')?.values
  // The request may name any authority.
  return values?.some(isRequestValue) === true ? undefined : values as readonly string[] | undefined
}

/** The kinds that a key needs. `uri` can need two kinds; with values of both, each value is checked by itself. */
export function kindsOfKey ({ key, values }: ParsedKey): number {
  const kind = RULE_KEYS[key].kind
  if (kind !== 'uri') return kind === undefined ? 0 : maskOf(kind)
  if (values.some(isRequestValue)) return 0
  const ids = (values as readonly string[]).filter(isSpiffe).length
  return ids === 0 ? maskOf('uri') : ids === values.length ? maskOf('spiffe') : 0
}

function readNot ({ keys }: ParsedRule): NotDemand {
  let kinds = 0
  let isOpen = false
  for (const { key, values } of keys) {
    const kind = RULE_KEYS[key].kind
    // An authority that vouches for either kind knows the URI names: a SPIFFE ID is the only URI of its certificate.
    if (kind === 'uri') kinds |= maskOf('uri', 'spiffe')
    else if (kind !== undefined) kinds |= maskOf(kind)
    else if (key !== 'authority' || values.some(isRequestValue)) isOpen = true
  }
  return { named: readNames(keys), kinds, isOpen }
}

/** The authorities that a rule permits, by the kinds that they vouch for. */
interface Candidates {
  /** The authorities whose peers may match. */
  readonly able: readonly number[]
  /** The authorities whose peers may match the other keys, but never pass `not`. */
  readonly neverMatched: readonly number[]
}

/** Cached demands. Even many rules have only few different ones. */
const MAX_KNOWN = 1000

/** Finds candidates, once for all rules with the same demand. */
export class CandidateFinder {
  readonly #authorities: Authorities
  readonly #known = new Map<string, Candidates>()

  constructor (authorities: Authorities) {
    this.#authorities = authorities
  }

  /** The indexes of all authorities in force that the key `authority` of a rule permits. */
  permitted ({ named }: RuleDemand): readonly number[] {
    if (named === undefined) return this.#authorities.list.map((_, index) => index)
    // One that is not there yet has no index.
    return [...new Set(named)].flatMap((name) => this.#authorities.byName.get(name) ?? [])
  }

  find (demand: RuleDemand): Candidates {
    const text = JSON.stringify([demand.named, demand.kinds, demand.nots])
    let found = this.#known.get(text)
    if (found === undefined) {
      if (this.#known.size >= MAX_KNOWN) this.#known.clear()
      found = this.#look(demand)
      this.#known.set(text, found)
    }
    return found
  }

  #look (demand: RuleDemand): Candidates {
    const able: number[] = []
    const neverMatched: number[] = []
    for (const index of this.permitted(demand)) {
      if ((demand.kinds & ~this.#authorities.kindsOf(index)) !== 0) continue
      const failing = this.findFailing(demand, index)
      if (failing === undefined) able.push(index)
      else if (failing.kinds !== 0) neverMatched.push(index)
    }
    return { able, neverMatched }
  }

  /** The first rule of `not` that is never known to fail for peers of an authority. */
  findFailing ({ nots }: RuleDemand, index: number): NotDemand | undefined {
    const name = this.#authorities.nameOf(index)
    const vouched = this.#authorities.kindsOf(index)
    return nots.find(({ named, kinds, isOpen }) => {
      return !isOpen && (named === undefined || named.includes(name)) && (kinds & vouched) === 0
    })
  }
}
