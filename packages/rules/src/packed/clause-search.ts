import { FALSE, TRUE, UNKNOWN } from '../match/condition.ts'
import type { Truth } from '../match/condition.ts'
import { chooseConditions, findFiled, indexClauses, touches, valuesOf } from './clause-index.ts'
import type { IndexSource } from './clause-index.ts'
import type { ClauseTables, IndexTables, PackedTables } from './packed-tables.ts'
import type { PeerKeys } from './peer-keys.ts'
import { fieldOfValue } from './value-table.ts'

/** What is needed of a store. */
export interface ClauseStore {
  readonly tables: PackedTables
  /** The set of a rule. */
  setOf (rule: number): number
  /** Whether all conditions of a clause hold. */
  test (clause: number, table: ClauseTables, keys: PeerKeys): Truth
}

/** Who asks for clauses. */
export interface ClauseVisitor {
  /** Whether a clause is of interest. Called before its conditions are tested. */
  wants (clause: number): boolean
  /** Called for each clause that holds or may hold, also more than once. */
  take (clause: number, truth: Truth): void
}

/** The clauses that may hold for identities that lack some fields. */
interface Open {
  readonly index: IndexTables
  /** The clauses of which nothing is left to test. */
  readonly bare: readonly number[]
}

/** As many combinations of unknown fields have an index at a time. A gateway passes on the same fields each time. */
const MAX_OPEN = 8

/** Finds the clauses that hold for a peer. Only those with a value of the peer are tested, and those without values. */
export class ClauseSearch {
  readonly #store: ClauseStore
  readonly #table: ClauseTables
  /** The clauses to search; undefined for all of the table. */
  readonly #clauses: Uint32Array | undefined
  readonly #index: IndexTables
  readonly #open = new Map<string, Open>()

  /** @param given an index of all clauses of the table, or the clauses to index */
  constructor (
    store: ClauseStore, table: ClauseTables,
    given: { readonly index: IndexTables | undefined, readonly clauses: Uint32Array | undefined }
  ) {
    this.#store = store
    this.#table = table
    this.#clauses = given.clauses
    this.#index = given.index ?? this.#indexOf(given.clauses as Uint32Array, NO_FIELDS)
  }

  /** Passes the clauses that hold or may hold to a visitor. */
  visit (keys: PeerKeys, visitor: ClauseVisitor): void {
    const unknown: number[] = []
    let { index, bare }: Open = { index: this.#index, bare: NO_CLAUSES }
    // Clauses of an unknown field are searched by what else they ask for, of which more may be unknown.
    while (this.#visitIndex(index, keys, visitor, unknown)) ({ index, bare } = this.#openFor(unknown))
    for (const clause of bare) if (visitor.wants(clause)) visitor.take(clause, UNKNOWN)
  }

  /** Whether any clause holds. */
  test (keys: PeerKeys): Truth {
    let found: Truth = FALSE
    this.visit(keys, {
      wants: () => found !== TRUE,
      take: (_, truth) => { found = truth === TRUE ? TRUE : UNKNOWN }
    })
    return found
  }

  /** @returns whether there are more fields that are unknown. They are added */
  #visitIndex (index: IndexTables, keys: PeerKeys, visitor: ClauseVisitor, unknown: number[]): boolean {
    const { length } = unknown
    for (const field of index.fields) {
      const values = keys.of(field)
      if (values === undefined) {
        unknown.push(field)
      } else {
        for (const value of values) {
          const [from, to] = findFiled(index, value)
          for (let at = from; at < to; at++) this.#try(index.clauses[at] as number, keys, visitor)
        }
      }
    }
    for (const clause of index.scanned) this.#try(clause, keys, visitor)
    return unknown.length > length
  }

  #try (clause: number, keys: PeerKeys, visitor: ClauseVisitor): void {
    if (!visitor.wants(clause)) return
    const truth = this.#store.test(clause, this.#table, keys)
    if (truth !== FALSE) visitor.take(clause, truth)
  }

  #openFor (unknown: readonly number[]): Open {
    const name = unknown.join()
    let open = this.#open.get(name)
    if (open === undefined) {
      if (this.#open.size >= MAX_OPEN) this.#open.clear()
      this.#open.set(name, open = this.#makeOpen(new Set(unknown)))
    }
    return open
  }

  /** The clauses that a value of an unknown field names, by what else they ask for. */
  #makeOpen (unknown: ReadonlySet<number>): Open {
    const { values, starts, clauses } = this.#index
    const { clauseRules } = this.#store.tables
    const named = new Uint8Array(this.#table.starts.length - 1)
    const count = starts.length - 1
    for (let place = 0; place < count; place++) {
      const [from, to] = [starts[place] as number, starts[place + 1] as number]
      if (from === to || !unknown.has(this.#fieldOf(values === undefined ? place : values[place] as number))) continue
      for (let at = from; at < to; at++) named[clauses[at] as number] = 1
    }
    const source = this.#source()
    const [bare, rest]: [number[], number[]] = [[], []]
    // One of each set is enough to know that its answer is open. The clauses of a set follow each other.
    let set = -1
    for (let clause = named.indexOf(1); clause !== -1; clause = named.indexOf(1, clause + 1)) {
      if (!this.#isBare(clause, unknown, source)) rest.push(clause)
      else if (this.#clauses !== undefined) {
        if (bare.length === 0) bare.push(clause)
      } else {
        const rule = clauseRules[clause] as number
        if (set !== -1 && rule < (this.#store.tables.setStarts[set + 1] as number)) continue
        set = this.#store.setOf(rule)
        bare.push(clause)
      }
    }
    return { index: this.#indexOf(Uint32Array.from(rest), unknown), bare }
  }

  /** Whether all conditions of a clause are about unknown fields, so that none of them fails. */
  #isBare (clause: number, unknown: ReadonlySet<number>, source: IndexSource): boolean {
    const { starts, conditions } = this.#table
    const to = starts[clause + 1] as number
    for (let at = starts[clause] as number; at < to; at++) {
      const values = valuesOf(source, conditions[at] as number)
      if (values === undefined || !touches(source, values, unknown)) return false
    }
    return true
  }

  #indexOf (clauses: Uint32Array, unknown: ReadonlySet<number>): IndexTables {
    const source = this.#source()
    return indexClauses(source, clauses, chooseConditions(source, clauses, unknown), false)
  }

  #source (): IndexSource {
    const { kinds, parameters, listStarts, listValues, values } = this.#store.tables
    return {
      clauses: this.#table,
      kinds,
      parameters,
      listStarts,
      listValues,
      valueCount: values.fields.length,
      fieldOf: (value) => this.#fieldOf(value)
    }
  }

  #fieldOf (value: number): number { return fieldOfValue(this.#store.tables.values, value) }
}

const NO_FIELDS: ReadonlySet<number> = new Set()
const NO_CLAUSES: readonly number[] = []
