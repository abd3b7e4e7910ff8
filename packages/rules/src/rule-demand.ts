import { isSpiffe } from '@peerkit/identity'
import { KIND_OF_KEY, maskOf } from './claim-kinds.ts'
import type { ParsedKey, ParsedRule } from './parsed-rule.ts'
import type { Authorities } from './rule-authority.ts'

/** What a rule asks of the authority behind a certificate, whatever the values. */
export interface RuleDemand {
  /** The names under `authority`; undefined where the rule names none. */
  readonly named: readonly string[] | undefined
  /** Kinds that must be vouched for, or a key would be unknown. */
  readonly kinds: number
  readonly nots: readonly NotDemand[]
}

/** What makes one rule within `not` known to fail. */
export interface NotDemand {
  /** Only peers of these can be matched by it. */
  readonly named: readonly string[] | undefined
  /** Any of these is enough: one key that fails settles the rule. */
  readonly kinds: number
  /** Something in it is known whoever vouches, or depends on more than we look at here. */
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
  return keys.find(({ key }) => key === 'authority')?.values as readonly string[] | undefined
}

/** Kinds that a key needs. URI names are of two: where a rule takes either, each value is looked at by itself. */
export function kindsOfKey ({ key, values }: ParsedKey): number {
  const kind = KIND_OF_KEY.get(key)
  if (kind !== 'uri') return kind === undefined ? 0 : maskOf(kind)
  const ids = (values as readonly string[]).filter(isSpiffe).length
  return ids === 0 ? maskOf('uri') : ids === values.length ? maskOf('spiffe') : 0
}

function readNot ({ keys }: ParsedRule): NotDemand {
  let kinds = 0
  let isOpen = false
  for (const { key } of keys) {
    const kind = KIND_OF_KEY.get(key)
    // URI names are known to whoever vouches for either of their kinds: a SPIFFE ID is the only URI of its certificate.
    if (kind === 'uri') kinds |= maskOf('uri', 'spiffe')
    else if (kind !== undefined) kinds |= maskOf(kind)
    else if (key !== 'authority') isOpen = true
  }
  return { named: readNames(keys), kinds, isOpen }
}

/** The authorities that a rule permits, by what they vouch for alone. */
export interface Candidates {
  /** Their peers may match. */
  readonly able: readonly number[]
  /** Their peers have what the keys ask, but never pass `not`. */
  readonly neverMatched: readonly number[]
}

/** Rules are of few kinds, however many there are. */
const MAX_KNOWN = 1000

/** Finds candidates, once for all rules that demand alike. */
export class CandidateFinder {
  readonly #authorities: Authorities
  readonly #known = new Map<string, Candidates>()

  constructor (authorities: Authorities) {
    this.#authorities = authorities
  }

  /** The places of all that the `authority` of a rule permits. */
  permitted ({ named }: RuleDemand): readonly number[] {
    if (named === undefined) return this.#authorities.list.map((_, index) => index)
    return [...new Set(named)].map((name) => this.#authorities.byName.get(name) as number)
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
