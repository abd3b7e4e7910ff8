import type { ParsedKey, ParsedRule } from '../language/parsed-rule.ts'
import { readRule } from '../language/read-rule.ts'
import { RulePath } from '../language/rule-path.ts'
import type { CertificateField } from '../language/values/field-value.ts'
import { FALSE, PeerValues, TRUE, UNKNOWN, negate, truthOf } from '../match/condition.ts'
import type { Condition, Truth } from '../match/condition.ts'
import { testAll } from '../match/matcher.ts'
import { ClauseSearch } from './clause-search.ts'
import { findNumber, lowerBound } from './clause-index.ts'
import { readSample } from './field-samples.ts'
import { ALONE, CONDITION, Kind } from './packed-tables.ts'
import type { ClauseTables, LongKey, PackedTables } from './packed-tables.ts'
import { PeerKeys } from './peer-keys.ts'
import { fieldOfValue } from './value-table.ts'

/** As many nested clauses are tried one by one. More get an index. */
const FEW = 16
/** As many rules that were read to be explained are kept: those of a small set. */
const MAX_READ = 1_000
/** The same for rules that are read to be tested. */
const MAX_TESTED = 10_000

/** Packed rules of any number of sets. */
export class PackedStore {
  readonly tables: PackedTables
  readonly fields: readonly CertificateField[]
  /** All clauses. */
  readonly search: ClauseSearch
  readonly #nested = new Map<number, ClauseSearch>()
  readonly #rules = new Map<number, ParsedRule>()
  /** The conditions of rules that are read again to be tested. */
  readonly #conditions = new Map<number, readonly Condition[]>()

  constructor (tables: PackedTables) {
    this.tables = tables
    this.fields = tables.samples.map(readSample)
    this.search = new ClauseSearch(this, tables.clauses, { index: tables.index, clauses: undefined })
  }

  keysOf (peerValues: PeerValues): PeerKeys { return new PeerKeys(this, peerValues) }

  /** The set of a rule. */
  setOf (rule: number): number {
    const { setStarts } = this.tables
    let [low, high] = [0, setStarts.length - 1]
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if ((setStarts[middle] as number) <= rule) low = middle
      else high = middle
    }
    return low
  }

  /** The first clause of a rule or of a later one. */
  firstClause (rule: number): number { return lowerBound(this.tables.clauseRules, rule) }

  /** The position of a rule among the entries of its set. */
  entryOf (rule: number): number {
    const entry = this.tables.entries[rule] as number
    return entry === ALONE ? 0 : entry
  }

  /** The text of a rule. Long lists of values are cut. */
  textOf (rule: number): string {
    const { source, sourceStarts } = this.tables
    const { buffer, byteOffset } = source
    const [from, to] = [sourceStarts[rule] as number, sourceStarts[rule + 1] as number]
    return Buffer.from(buffer, byteOffset + from, to - from).toString()
  }

  /** The same, with a digest of what was cut. Equal rules have equal texts. */
  wholeTextOf (rule: number): string {
    const long = this.tables.long.get(rule)
    return long === undefined ? this.textOf(rule) : `${this.textOf(rule)} ${long.digest}`
  }

  /**
   * Reads a rule again. The last ones are kept, since a small set is read for each peer that is refused.
   *
   * @param path that of its set
   */
  readRule (rule: number, path: RulePath): ParsedRule {
    let parsed = this.#rules.get(rule)
    if (parsed === undefined) {
      if (this.#rules.size >= MAX_READ) this.#rules.clear()
      this.#rules.set(rule, parsed = this.#readRule(rule, path))
    }
    return parsed
  }

  #readRule (rule: number, path: RulePath): ParsedRule {
    const entry = this.tables.entries[rule] as number
    const at = entry === ALONE ? path : path.at(entry)
    const parsed = readRule(JSON.parse(this.textOf(rule)), at, { authorityCheck: undefined, bindings: [] })
    const long = this.tables.long.get(rule)
    if (long === undefined) return parsed
    return { ...parsed, keys: parsed.keys.map((key, position) => this.#restore(key, position, long.keys)) }
  }

  /** Whether all conditions of a clause hold. */
  test (clause: number, { starts, conditions }: ClauseTables, keys: PeerKeys): Truth {
    let truth: Truth = TRUE
    const to = starts[clause + 1] as number
    for (let at = starts[clause] as number; at < to; at++) {
      const one = this.testCondition(conditions[at] as number, keys)
      if (one === FALSE) return FALSE
      if (one === UNKNOWN) truth = UNKNOWN
    }
    return truth
  }

  testCondition (condition: number, keys: PeerKeys): Truth {
    if (condition < CONDITION) {
      const known = keys.of(fieldOfValue(this.tables.values, condition))
      return known === undefined ? UNKNOWN : truthOf(known.includes(condition))
    }
    const number = condition - CONDITION
    const { kinds, parameters, moments } = this.tables
    const [first, second] = [parameters[number * 2] as number, parameters[number * 2 + 1] as number]
    switch (kinds[number]) {
      case Kind.LIST: return this.#testList(first, keys)
      case Kind.NOT: return negate(this.#testNested(number, first, second, keys))
      case Kind.EITHER: return this.#testNested(number, first, second, keys)
      case Kind.VIA: return this.#testGateway(number, first, second, keys)
      case Kind.FROM: return truthOf(keys.peerValues.circumstances.now >= (moments[first] as number))
      case Kind.UNTIL: return truthOf(keys.peerValues.circumstances.now < (moments[first] as number))
      default: return testAll(this.#conditionsOf(first), keys.peerValues)
    }
  }

  #testList (list: number, keys: PeerKeys): Truth {
    const { listStarts, listValues, listFieldStarts, listFields } = this.tables
    const [from, to] = [listStarts[list] as number, listStarts[list + 1] as number]
    let none: Truth = FALSE
    for (let at = listFieldStarts[list] as number; at < (listFieldStarts[list + 1] as number); at++) {
      const known = keys.of(listFields[at] as number)
      if (known === undefined) none = UNKNOWN
      else if (known.some((value) => findNumber(listValues, value, from, to) !== -1)) return TRUE
    }
    return none
  }

  #testNested (condition: number, from: number, to: number, keys: PeerKeys): Truth {
    const { nested } = this.tables
    if (to - from > FEW) return this.#searchNested(condition, from, to).test(keys)
    let truth: Truth = FALSE
    for (let clause = from; clause < to; clause++) {
      const one = this.test(clause, nested, keys)
      if (one === TRUE) return TRUE
      if (one === UNKNOWN) truth = UNKNOWN
    }
    return truth
  }

  #searchNested (condition: number, from: number, to: number): ClauseSearch {
    let search = this.#nested.get(condition)
    if (search === undefined) {
      const clauses = Uint32Array.from({ length: to - from }, (_, at) => from + at)
      search = new ClauseSearch(this, this.tables.nested, { index: undefined, clauses })
      this.#nested.set(condition, search)
    }
    return search
  }

  /** As `ViaCondition` does. */
  #testGateway (condition: number, from: number, to: number, { peerValues }: PeerKeys): Truth {
    const { peer, circumstances } = peerValues
    const gateway = peer.via.at(-1)
    if (gateway === undefined) return peer.source === 'tls' ? FALSE : UNKNOWN
    return this.#testNested(condition, from, to, this.keysOf(new PeerValues(gateway, circumstances)))
  }

  /** The conditions of a rule that is read again. */
  #conditionsOf (rule: number): readonly Condition[] {
    let conditions = this.#conditions.get(rule)
    if (conditions === undefined) {
      if (this.#conditions.size >= MAX_TESTED) this.#conditions.clear()
      conditions = this.#readRule(rule, NO_PATH).keys.flatMap((key) => key.conditions)
      this.#conditions.set(rule, conditions)
    }
    return conditions
  }

  /** Gives a key whose values were cut all of its conditions. */
  #restore (key: ParsedKey, position: number, long: readonly LongKey[]): ParsedKey {
    const found = long.find((one) => one.position === position)
    if (found === undefined) return key
    const { count, conditions } = found
    return { ...key, count, conditions: conditions.map((condition) => new PackedCondition(this, condition)) }
  }
}

/** Its paths are never shown. */
const NO_PATH = new RulePath('rule')

/** A condition of a packed rule, for explanations. */
class PackedCondition implements Condition {
  readonly #store: PackedStore
  readonly #condition: number

  constructor (store: PackedStore, condition: number) {
    this.#store = store
    this.#condition = condition
  }

  test (peerValues: PeerValues): Truth {
    return this.#store.testCondition(this.#condition, this.#store.keysOf(peerValues))
  }
}
