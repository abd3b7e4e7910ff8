import { createHash } from 'node:crypto'
import type { ParsedKey, ParsedRule } from '../language/parsed-rule.ts'
import type { RequestUse } from '../language/request-value.ts'
import { MAX_WARNINGS, isPinned, hasEnded, warnOfRule } from '../lint/warnings.ts'
import { chooseConditions, indexClauses } from './clause-index.ts'
import { ClauseBuilder, ConditionPacker, isPackable } from './condition-packer.ts'
import { GrowingList } from './growing-list.ts'
import type { Memory } from './growing-list.ts'
import { ALONE } from './packed-tables.ts'
import type { LongKey, LongRule, PackedTables } from './packed-tables.ts'

/** As many values of a key are kept as they were written, to explain it. */
const MAX_WRITTEN = 1_000
/** Warnings of all sets that are kept as text. */
const MAX_TEXTS = 1_000
const NO_FIELDS: ReadonlySet<number> = new Set()

/** Packs checked rules one by one, so that they need not all be in memory as objects. */
export class RulePacker {
  readonly #now: number
  readonly #packer = new ConditionPacker()
  readonly #clauses = new ClauseBuilder()
  readonly #clauseRules = new GrowingList(Uint32Array)
  readonly #setStarts = new GrowingList(Uint32Array)
  readonly #entries = new GrowingList(Uint32Array)
  readonly #source = new GrowingList(Uint8Array)
  readonly #sourceStarts = new GrowingList(Uint32Array)
  readonly #long = new Map<number, LongRule>()
  readonly #warnings = new Map<number, string[]>()
  /** Not in the map: there may be a million sets, and a map is copied from thread to thread one by one. */
  readonly #moreSets = new GrowingList(Uint32Array)
  readonly #moreCounts = new GrowingList(Uint32Array)
  /** Of the set that is open. */
  #more = 0
  #texts = 0
  readonly #requestValues = new Map<number, RequestUse[]>()
  readonly #periodRules = new GrowingList(Uint32Array)
  readonly #periods = new GrowingList(Float64Array)

  /** @param now for warnings, in milliseconds since the epoch */
  constructor (now: number) { this.#now = now }

  /** From now on rules are added to another set. Returns its number. */
  beginSet (): number {
    this.#endSet()
    this.#setStarts.push(this.#entries.length)
    return this.#setStarts.length - 1
  }

  #endSet (): void {
    if (this.#more === 0) return
    this.#moreSets.push(this.#setStarts.length - 1)
    this.#moreCounts.push(this.#more)
    this.#more = 0
  }

  /** @param entry the position among the entries of the set; undefined if the set is no array */
  add (rule: ParsedRule, entry: number | undefined): void {
    const number = this.#entries.length
    this.#entries.push(entry ?? ALONE)
    const isWhole = !isPackable(rule)
    const clauses = isWhole
      ? [[...rule.keys.flatMap((key) => this.#packer.packValues(key)), this.#packer.packWhole(number)]]
      : this.#packer.packClauses(rule)
    for (const clause of clauses) {
      this.#clauses.add(clause)
      this.#clauseRules.push(number)
    }
    const long = isWhole ? [] : this.#packLongKeys(rule)
    if (long.length > 0) this.#long.set(number, { digest: digest(writeRule(rule, Infinity)), keys: long })
    this.#sourceStarts.push(this.#source.length)
    this.#source.append(Buffer.from(JSON.stringify(writeRule(rule, isWhole ? Infinity : MAX_WRITTEN))))
    this.#noteWarnings(rule)
    this.#noteDependencies(rule, number)
  }

  seal (memory: Memory): PackedTables {
    this.#endSet()
    this.#setStarts.push(this.#entries.length)
    this.#sourceStarts.push(this.#source.length)
    const { starts, conditions } = this.#clauses
    const source = this.#packer.sourceFor({ starts: starts.view, conditions: conditions.view })
    const all = Uint32Array.from({ length: this.#clauses.count }, (_, clause) => clause)
    const index = indexClauses(source, all, chooseConditions(source, all, NO_FIELDS), true)
    const periods = this.#periods.view
    const moments = Float64Array.from(new Set(periods.filter(Number.isFinite))).sort()
    return {
      ...this.#packer.seal(memory),
      clauses: this.#clauses.seal(memory),
      clauseRules: this.#clauseRules.seal(memory),
      index: {
        fields: memory.copy(index.fields),
        values: undefined,
        starts: memory.copy(index.starts),
        clauses: memory.copy(index.clauses),
        scanned: memory.copy(index.scanned)
      },
      setStarts: this.#setStarts.seal(memory),
      entries: this.#entries.seal(memory),
      source: this.#source.seal(memory),
      sourceStarts: this.#sourceStarts.seal(memory),
      long: this.#long,
      warnings: this.#warnings,
      moreWarnings: { sets: this.#moreSets.seal(memory), counts: this.#moreCounts.seal(memory) },
      requestValues: this.#requestValues,
      periods: {
        rules: this.#periodRules.seal(memory),
        from: memory.copy(periods.filter((_, at) => at % 2 === 0)),
        until: memory.copy(periods.filter((_, at) => at % 2 === 1)),
        moments: memory.copy(moments)
      }
    }
  }

  #packLongKeys ({ keys }: ParsedRule): readonly LongKey[] {
    return keys.flatMap((key, position): readonly LongKey[] => {
      if (!isLong(key)) return []
      const count = key.rules?.length ?? key.values.length
      return [{ position, count, conditions: this.#packer.packKey(key) }]
    })
  }

  #noteWarnings (rule: ParsedRule): void {
    const set = this.#setStarts.length - 1
    const known = this.#warnings.get(set)
    if (this.#texts >= MAX_TEXTS || (known !== undefined && known.length >= MAX_WARNINGS)) {
      if (!isPinned(rule) || hasEnded(rule, this.#now)) this.#more++
      return
    }
    const texts = warnOfRule(rule, this.#now).map(({ path, text }) => `${path}: ${text}`)
    if (texts.length === 0) return
    this.#texts += texts.length
    if (known === undefined) this.#warnings.set(set, texts)
    else known.push(...texts)
  }

  #noteDependencies ({ dependencies }: ParsedRule, number: number): void {
    if (dependencies === undefined) return
    const { bindings, period } = dependencies
    if (bindings.length > 0) {
      const set = this.#setStarts.length - 1
      const known = this.#requestValues.get(set) ?? []
      for (const { source, name, path } of bindings) known.push({ source, name, path: path.toString() })
      this.#requestValues.set(set, known)
    }
    if (period === undefined) return
    this.#periodRules.push(number)
    this.#periods.push(period.from)
    this.#periods.push(period.until)
  }
}

/** Whether a key has more values or nested rules than are kept as they were written, here or further in. */
function isLong ({ values, rules }: ParsedKey): boolean {
  if (rules === undefined) return values.length > MAX_WRITTEN
  return rules.length > MAX_WRITTEN || rules.some(({ keys }) => keys.some(isLong))
}

function digest (rule: object): string { return createHash('sha256').update(JSON.stringify(rule)).digest('base64') }

/** A rule as it was written, with the first values of each key. */
function writeRule ({ keys }: ParsedRule, most: number): object {
  return Object.fromEntries(keys.map(({ spelling, values, rules }) => {
    const list: readonly unknown[] = rules === undefined
      ? values.slice(0, most)
      : rules.slice(0, most).map((rule) => writeRule(rule, most))
    return [spelling, list.length === 1 ? list[0] : list]
  }))
}
