import type { ParsedKey, ParsedRule } from '../language/parsed-rule.ts'
import type { FieldValue } from '../language/values/field-value.ts'
import { AnyOfAlternatives } from '../match/alternatives.ts'
import { AnyOfValues } from '../match/any-of-values.ts'
import type { Condition } from '../match/condition.ts'
import { NotCondition, ViaCondition } from '../match/nested-conditions.ts'
import { PeriodCondition } from '../match/period-condition.ts'
import type { IndexSource } from './clause-index.ts'
import { sampleField } from './field-samples.ts'
import { GrowingList } from './growing-list.ts'
import type { Memory } from './growing-list.ts'
import { CONDITION, Kind } from './packed-tables.ts'
import type { ClauseTables, FieldSample, PackedTables } from './packed-tables.ts'
import { PatternTablesBuilder } from './pattern-tables.ts'
import { ValueTableBuilder } from './value-table.ts'

/** Clauses that grow. */
export class ClauseBuilder {
  readonly starts: GrowingList<Uint32Array> = new GrowingList(Uint32Array)
  readonly conditions: GrowingList<Uint32Array> = new GrowingList(Uint32Array)

  constructor () { this.starts.push(0) }

  get count (): number { return this.starts.length - 1 }

  add (conditions: readonly number[]): void {
    for (const condition of conditions) this.conditions.push(condition)
    this.starts.push(this.conditions.length)
  }

  seal (memory: Memory): ClauseTables {
    return { starts: this.starts.seal(memory), conditions: this.conditions.seal(memory) }
  }
}

type ConditionTables = Pick<
  PackedTables, 'samples' | 'values' | 'patterns' | 'listStarts' | 'listValues' | 'listFieldStarts' | 'listFields' |
  'kinds' | 'parameters' | 'moments' | 'nested'
>

/** Turns conditions into numbers. */
export class ConditionPacker {
  readonly #values = new ValueTableBuilder()
  readonly #fields = new Map<string, number>()
  readonly #samples: FieldSample[] = []
  readonly #patterns = new Map<number, PatternTablesBuilder>()
  readonly #listStarts = new GrowingList(Uint32Array)
  readonly #listValues = new GrowingList(Uint32Array)
  readonly #listFieldStarts = new GrowingList(Uint32Array)
  readonly #listFields = new GrowingList(Uint32Array)
  readonly #kinds = new GrowingList(Uint8Array)
  readonly #parameters = new GrowingList(Uint32Array)
  readonly #moments = new GrowingList(Float64Array)
  readonly #nested = new ClauseBuilder()

  constructor () {
    this.#listStarts.push(0)
    this.#listFieldStarts.push(0)
  }

  /** The conditions of one key. */
  packKey (key: ParsedKey): readonly number[] {
    return key.conditions.map((condition) => this.#pack(condition, key))
  }

  /** The clauses of a rule, of which one must hold: a list of conditions for each. */
  packClauses ({ keys }: ParsedRule): readonly (readonly number[])[] {
    const conditions = keys.flatMap((key) => key.conditions.map((condition) => ({ condition, key })))
    // Only the longest list of alternatives becomes clauses of their own, so that two lists do not multiply.
    let longest: typeof conditions[number] | undefined
    for (const one of conditions) {
      if (!(one.condition instanceof AnyOfAlternatives)) continue
      const least = (longest?.condition as AnyOfAlternatives | undefined)?.alternatives.length ?? 0
      if (one.condition.alternatives.length > least) longest = one
    }
    const rest = conditions.filter((one) => one !== longest).map(({ condition, key }) => this.#pack(condition, key))
    if (longest === undefined) return [rest]
    const { condition, key } = longest
    return (condition as AnyOfAlternatives).alternatives.map((alternative) => {
      return [...rest, ...alternative.map((one) => this.#pack(one, key))]
    })
  }

  /** A condition that reads a rule again. */
  packWhole (rule: number): number { return this.#add(Kind.WHOLE, rule) }

  /** The conditions of a key that are values or lists of values. */
  packValues (key: ParsedKey): readonly number[] {
    return key.conditions.filter((condition) => condition instanceof AnyOfValues)
      .map((condition) => this.#pack(condition, key))
  }

  /** What is needed to index clauses. */
  sourceFor (clauses: ClauseTables): IndexSource {
    return {
      clauses,
      kinds: this.#kinds.view,
      parameters: this.#parameters.view,
      listStarts: this.#listStarts.view,
      listValues: this.#listValues.view,
      valueCount: this.#values.count,
      fieldOf: (value) => this.#values.fieldOf(value)
    }
  }

  seal (memory: Memory): ConditionTables {
    return {
      samples: this.#samples,
      patterns: new Map([...this.#patterns].map(([field, builder]) => [field, builder.seal(memory)])),
      values: this.#values.seal(memory),
      listStarts: this.#listStarts.seal(memory),
      listValues: this.#listValues.seal(memory),
      listFieldStarts: this.#listFieldStarts.seal(memory),
      listFields: this.#listFields.seal(memory),
      kinds: this.#kinds.seal(memory),
      parameters: this.#parameters.seal(memory),
      moments: this.#moments.seal(memory),
      nested: this.#nested.seal(memory)
    }
  }

  #pack (condition: Condition, key: ParsedKey): number {
    if (condition instanceof AnyOfValues) return this.#packList(condition.values, key)
    if (condition instanceof AnyOfAlternatives) {
      return this.#packNested(Kind.EITHER, condition.alternatives.map((all) => all.map((one) => this.#pack(one, key))))
    }
    if (condition instanceof PeriodCondition) {
      this.#moments.push(condition.moment)
      return this.#add(condition.key === 'validFrom' ? Kind.FROM : Kind.UNTIL, this.#moments.length - 1)
    }
    const kind = condition instanceof NotCondition ? Kind.NOT : Kind.VIA
    return this.#packNested(kind, (key.rules as readonly ParsedRule[]).flatMap((rule) => this.packClauses(rule)))
  }

  #packNested (kind: number, clauses: readonly (readonly number[])[]): number {
    const from = this.#nested.count
    for (const clause of clauses) this.#nested.add(clause)
    return this.#add(kind, from, this.#nested.count)
  }

  #packList (values: readonly FieldValue[], key: ParsedKey): number {
    const [first] = values
    if (values.length === 1) return this.#packValue(first as FieldValue, key)
    const numbers = new Uint32Array(values.length)
    for (let at = 0; at < values.length; at++) numbers[at] = this.#packValue(values[at] as FieldValue, key)
    numbers.sort()
    const fields = new Set<number>()
    for (let at = 0; at < numbers.length; at++) {
      const number = numbers[at] as number
      if (number === numbers[at - 1]) continue
      this.#listValues.push(number)
      fields.add(this.#values.fieldOf(number))
    }
    for (const field of fields) this.#listFields.push(field)
    this.#listStarts.push(this.#listValues.length)
    this.#listFieldStarts.push(this.#listFields.length)
    return this.#add(Kind.LIST, this.#listStarts.length - 2)
  }

  #packValue ({ field, key: text, segments }: FieldValue, key: ParsedKey): number {
    let number = this.#fields.get(field.name)
    if (number === undefined) {
      this.#samples.push(sampleField(key, field.name))
      // Number 0 is for segments of patterns.
      number = this.#samples.length
      this.#fields.set(field.name, number)
    }
    const value = this.#values.add(number, text)
    if (segments !== undefined) {
      let patterns = this.#patterns.get(number)
      if (patterns === undefined) this.#patterns.set(number, patterns = new PatternTablesBuilder(this.#values))
      patterns.add(segments, value)
    }
    return value
  }

  #add (kind: number, first: number, second = 0): number {
    this.#kinds.push(kind)
    this.#parameters.push(first)
    this.#parameters.push(second)
    return CONDITION + this.#kinds.length - 1
  }
}

/** Whether a rule can be packed whole: it asks neither for values of the request nor for parts of one entry. */
export function isPackable ({ keys }: ParsedRule): boolean {
  return keys.every(({ conditions, rules }) => conditions.every(isPackableCondition) && (rules ?? []).every(isPackable))
}

function isPackableCondition (condition: Condition): boolean {
  if (condition instanceof AnyOfAlternatives) {
    return condition.alternatives.every((all) => all.every(isPackableCondition))
  }
  return condition instanceof AnyOfValues || condition instanceof PeriodCondition ||
    condition instanceof NotCondition || condition instanceof ViaCondition
}
