// The index of packed clauses, compared with what a look at every clause finds.
import { test } from 'tap'
import { rounds, seedOf } from '../../../test/fuzz/draws.ts'
import { NOTHING, chooseConditions, findFiled, findNumber, indexClauses, lowerBound, touches, valuesOf } from '../src/packed/clause-index.ts'
import type { IndexSource } from '../src/packed/clause-index.ts'
import { CONDITION, Kind } from '../src/packed/packed-tables.ts'
import { Random } from './naive/random.ts'

/** A clause as its conditions: values of which one must be there, or undefined for another kind of condition. */
type PlainClause = readonly (readonly number[] | undefined)[]

const VALUES = 12
/** Each field has three values. */
const fieldOf = (value: number): number => Math.floor(value / 3)

function randomClause (random: Random): PlainClause {
  return Array.from({ length: 1 + random.below(4) }, () => {
    return random.chance(0.2) ? undefined : [...new Set(random.some([...Array(VALUES).keys()], 1, 4))].sort((a, b) => a - b)
  })
}

/** The tables of clauses, and the number of each condition. */
function tablesOf (clauses: readonly PlainClause[]): { source: IndexSource, numbers: number[][] } {
  const [kinds, parameters, listStarts, listValues]: number[][] = [[], [], [0], []]
  const add = (kind: number, parameter: number): number => {
    parameters!.push(parameter, 0)
    return CONDITION + kinds!.push(kind) - 1
  }
  const numbers = clauses.map((clause) => clause.map((values) => {
    if (values === undefined) return add(Kind.NOT, 0)
    if (values.length === 1) return values[0]!
    listValues!.push(...values)
    return add(Kind.LIST, listStarts!.push(listValues!.length) - 2)
  }))
  const starts = [0]
  for (const clause of clauses) starts.push(starts.at(-1)! + clause.length)
  const source = {
    clauses: { starts: Uint32Array.from(starts), conditions: Uint32Array.from(numbers.flat()) },
    kinds: Uint8Array.from(kinds!),
    parameters: Uint32Array.from(parameters!),
    listStarts: Uint32Array.from(listStarts!),
    listValues: Uint32Array.from(listValues!),
    valueCount: VALUES,
    fieldOf
  }
  return { source, numbers }
}

/** The condition whose values occur in the fewest clauses, then the one with the fewest values, then the first. */
function choose (clause: PlainClause, all: readonly PlainClause[], unknown: ReadonlySet<number>): number | undefined {
  const crowd = (value: number): number => all.filter(({ length }) => length > 1).flat().filter((one) => one?.includes(value)).length
  const [best] = [...clause.entries()]
    .filter(([, values]) => values !== undefined && !values.some((value) => unknown.has(fieldOf(value))))
    .map(([at, values]) => [at, Math.max(...values!.map(crowd)), values!.length] as const)
    .sort(([, one, few], [, other, many]) => one - other || few - many)
  return best?.[0]
}

test('each clause is filed under the condition that leaves the fewest to test, and under each of its values', async (t) => {
  const seed = seedOf(20261131)
  t.comment(`seed ${seed}`)
  const random = new Random(seed)
  const seen = { scanned: 0, lists: 0, values: 0 }
  const last = Math.max(60, rounds(300))
  for (let round = 0; round < last; round++) {
    const plain = Array.from({ length: 1 + random.below(15) }, () => randomClause(random))
    const { source, numbers } = tablesOf(plain)
    const clauses = [...plain.keys()].filter(() => random.chance(0.8))
    const unknown = new Set(random.some([0, 1, 2, 3], 0, 2))
    const wanted = clauses.map((clause) => choose(plain[clause]!, clauses.map((one) => plain[one]!), unknown))
    const chosen = chooseConditions(source, Uint32Array.from(clauses), unknown)
    t.same([...chosen], wanted.map((at, place) => at === undefined ? NOTHING : numbers[clauses[place]!]![at]))

    const filed = (value: number): readonly number[] => clauses.filter((clause, place) => {
      return wanted[place] !== undefined && plain[clause]![wanted[place]]!.includes(value)
    })
    const used = [...Array(VALUES).keys()].filter((value) => filed(value).length > 0)
    for (const isWhole of [true, false]) {
      const index = indexClauses(source, Uint32Array.from(clauses), chosen, isWhole)
      const all = [...Array(VALUES).keys()]
      t.same(all.map((value) => [...index.clauses.subarray(...findFiled(index, value))]), all.map(filed))
      const empty = all.filter((value) => !used.includes(value)).map((value) => findFiled(index, value))
      t.same(empty.map(([from, to]) => to - from), empty.map(() => 0))
      t.same([...index.fields], [...new Set(used.map(fieldOf))])
      t.same(index.values && [...index.values], isWhole ? undefined : used)
      t.same([...index.scanned], clauses.filter((_, place) => wanted[place] === undefined))
      t.equal(index.clauses.length, used.reduce((sum, value) => sum + filed(value).length, 0))
    }
    seen.scanned += wanted.filter((at) => at === undefined).length
    seen.lists += chosen.filter((one) => one !== NOTHING && one >= CONDITION).length
    seen.values += chosen.filter((one) => one < CONDITION).length
  }
  t.ok(Object.values(seen).every((count) => count > last / 2), JSON.stringify(seen))
})

test('the values of a condition, and whether one is of some field', async (t) => {
  const { source, numbers: [[one, list, other] = []] } = tablesOf([[[5], [1, 2, 7], undefined], [[0, 11]]])
  t.equal(valuesOf(source, one!), 5)
  t.same([...valuesOf(source, list!) as Uint32Array], [1, 2, 7])
  t.equal(valuesOf(source, other!), undefined)
  t.equal(valuesOf(source, CONDITION - 1), CONDITION - 1, 'all below are values')
  for (const [fields, touched] of [[[], false], [[0], true], [[2], true], [[1], false], [[3], false], [[3, 2], true]] as const) {
    t.equal(touches(source, Uint32Array.of(1, 2, 7), new Set(fields)), touched, `list, ${fields.join()}`)
    t.equal(touches(source, 7, new Set(fields)), (fields as readonly number[]).includes(2), `value, ${fields.join()}`)
  }
})

test('numbers are found in ascending lists, also within a part', async (t) => {
  for (const length of [0, 1, 2, 3, 8, 9]) {
    const plain = Array.from({ length }, (_, at) => at * 3 + 1)
    const list = Uint32Array.from(plain)
    for (let wanted = 0; wanted < length * 3 + 3; wanted++) {
      t.same(
        [findNumber(list, wanted), lowerBound(list, wanted)],
        [plain.indexOf(wanted), plain.filter((number) => number < wanted).length]
      )
      for (const [from, to] of [[1, length], [0, length - 1], [2, 5]] as const) {
        if (from > to || to > length) continue
        const at = plain.indexOf(wanted)
        t.equal(findNumber(list, wanted, from, to), at >= from && at < to ? at : -1, `${wanted} from ${from} to ${to} of ${length}`)
      }
    }
  }
})
