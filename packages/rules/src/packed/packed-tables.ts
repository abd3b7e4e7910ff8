import type { RuleKey } from '../language/rule-keys.ts'
import type { RequestUse } from '../language/request-value.ts'
import type { PatternTables } from './pattern-tables.ts'
import type { ValueTables } from './value-table.ts'

/** A value of a rule that is read to get a field, whose functions cannot be data. */
export interface FieldSample {
  /** The name of the field. */
  readonly name: string
  readonly key: RuleKey
  readonly value: unknown
}

/** Conjunctions of conditions. */
export interface ClauseTables {
  /** Where the conditions of each clause start, and at the end where the last ones end. */
  readonly starts: Uint32Array
  /** A value that the certificate must have; or, with the highest bit, a condition. */
  readonly conditions: Uint32Array
}

/** The clauses that one of their values names. */
export interface IndexTables {
  /** The fields of the values. */
  readonly fields: Uint32Array
  /** The values, ascending; undefined if there is a place for every value. */
  readonly values: Uint32Array | undefined
  /** Where the clauses of each value start, and at the end where the last ones end. */
  readonly starts: Uint32Array
  /** Ascending for each value. */
  readonly clauses: Uint32Array
  /** The clauses that no value names: each is tried. */
  readonly scanned: Uint32Array
}

/** The kinds of conditions. What their two arguments are is in parentheses. */
export const Kind = {
  /** The certificate has one of the values of a list (number of the list). */
  LIST: 0,
  /** None of the nested clauses holds (from, to). */
  NOT: 1,
  /** One of the nested clauses holds for the nearest gateway (from, to). */
  VIA: 2,
  /** One of the nested clauses holds (from, to). */
  EITHER: 3,
  /** It is a moment or later (number of the moment). */
  FROM: 4,
  /** It is before a moment (number of the moment). */
  UNTIL: 5,
  /** The rule is read again, and all of its conditions hold (number of the rule). */
  WHOLE: 6
} as const

/** Set in a condition of a clause that is no value. */
export const CONDITION = 0x8000_0000

/** A rule with values that are too many to keep as they were written. */
export interface LongRule {
  /** SHA-256 of the whole rule, in base64. */
  readonly digest: string
  readonly keys: readonly LongKey[]
}

/** A key whose values were cut. */
export interface LongKey {
  /** The position of the key in its rule. */
  readonly position: number
  /** The number of values or nested rules. */
  readonly count: number
  /** The conditions of the key. */
  readonly conditions: readonly number[]
}

/** Warnings about the rules of one set. */
export interface SetWarnings {
  readonly texts: readonly string[]
  /** How many more rules are like these. */
  readonly more: number
}

/** A rule that holds for a time. */
export interface PeriodTables {
  readonly rules: Uint32Array
  readonly from: Float64Array
  readonly until: Float64Array
  /** All moments at which a rule begins or ends, ascending, each once. */
  readonly moments: Float64Array
}

/** Compiled rules as data: lists of numbers and plain objects, so that a worker can make them. */
export interface PackedTables {
  readonly samples: readonly FieldSample[]
  readonly values: ValueTables
  /** By number of the field. */
  readonly patterns: ReadonlyMap<number, PatternTables>
  readonly listStarts: Uint32Array
  /** Ascending in each list. */
  readonly listValues: Uint32Array
  readonly listFieldStarts: Uint32Array
  /** The fields of the values of each list. */
  readonly listFields: Uint32Array
  readonly kinds: Uint8Array
  /** Two for each condition. */
  readonly parameters: Uint32Array
  readonly moments: Float64Array
  readonly clauses: ClauseTables
  readonly nested: ClauseTables
  /** The rule of each clause. */
  readonly clauseRules: Uint32Array
  readonly index: IndexTables
  /** The first rule of each set, and at the end the number of all rules. */
  readonly setStarts: Uint32Array
  /** The position of each rule among the entries of its set, or `ALONE`. */
  readonly entries: Uint32Array
  /** The rules as JSON in UTF-8, one after the other. Long lists of values are cut. */
  readonly source: Uint8Array
  readonly sourceStarts: Uint32Array
  /** By rule. */
  readonly long: ReadonlyMap<number, LongRule>
  /** The first warnings, by set. */
  readonly warnings: ReadonlyMap<number, readonly string[]>
  /** How many more rules of a set are like these: the sets, ascending, and the numbers. */
  readonly moreWarnings: { readonly sets: Uint32Array, readonly counts: Uint32Array }
  /** By set. */
  readonly requestValues: ReadonlyMap<number, readonly RequestUse[]>
  readonly periods: PeriodTables
}

/** The position of a rule that is its set, and not one of an array. */
export const ALONE = 0xffff_ffff
