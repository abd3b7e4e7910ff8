import { CONDITION, Kind } from './packed-tables.ts'
import type { ClauseTables, IndexTables } from './packed-tables.ts'

/** What is needed of the conditions to index clauses. */
export interface IndexSource {
  readonly clauses: ClauseTables
  readonly kinds: Uint8Array
  readonly parameters: Uint32Array
  readonly listStarts: Uint32Array
  readonly listValues: Uint32Array
  readonly valueCount: number
  fieldOf (value: number): number
}

/** The values of a condition of which the certificate must have one, or undefined if it is of another kind. */
export function valuesOf (source: IndexSource, condition: number): Uint32Array | number | undefined {
  if (condition < CONDITION) return condition
  const number = condition - CONDITION
  if (source.kinds[number] !== Kind.LIST) return undefined
  const list = source.parameters[number * 2] as number
  return source.listValues.subarray(source.listStarts[list], source.listStarts[list + 1])
}

/** No condition of a clause can be chosen. */
export const NOTHING = 0xffff_ffff

/**
 * Chooses for each clause the condition whose values occur in the fewest clauses; of several, the one with the fewest
 * values.
 *
 * @param unknown the fields that may not be chosen
 */
export function chooseConditions (
  source: IndexSource, clauses: Uint32Array, unknown: ReadonlySet<number>
): Uint32Array {
  const { starts, conditions } = source.clauses
  const crowds = countClauses(source, clauses)
  return clauses.map((clause) => {
    const [from, to] = [starts[clause] as number, starts[clause + 1] as number]
    let [best, least, fewest] = [NOTHING, Infinity, Infinity]
    for (let at = from; at < to; at++) {
      const condition = conditions[at] as number
      const values = valuesOf(source, condition)
      if (values === undefined || touches(source, values, unknown)) continue
      const [crowd, count] = crowdOf(crowds, values)
      if (crowd > least || (crowd === least && count >= fewest)) continue
      ;[best, least, fewest] = [condition, crowd, count]
    }
    return best
  })
}

/** Whether one of the values is of one of the fields. */
export function touches (
  source: IndexSource, values: Uint32Array | number, fields: ReadonlySet<number>
): boolean {
  if (fields.size === 0) return false
  if (typeof values === 'number') return fields.has(source.fieldOf(values))
  return values.some((value) => fields.has(source.fieldOf(value)))
}

/** How many clauses with several conditions have each value. */
function countClauses (source: IndexSource, clauses: Uint32Array): Uint32Array {
  const { starts, conditions } = source.clauses
  const counts = new Uint32Array(source.valueCount)
  for (const clause of clauses) {
    const [from, to] = [starts[clause] as number, starts[clause + 1] as number]
    if (to - from === 1) continue
    for (let at = from; at < to; at++) {
      const values = valuesOf(source, conditions[at] as number)
      if (typeof values === 'number') counts[values]! += 1
      else if (values !== undefined) for (const value of values) counts[value]! += 1
    }
  }
  return counts
}

function crowdOf (crowds: Uint32Array, values: Uint32Array | number): readonly [number, number] {
  if (typeof values === 'number') return [crowds[values] as number, 1]
  let crowd = 0
  for (const value of values) crowd = Math.max(crowd, crowds[value] as number)
  return [crowd, values.length]
}

/**
 * Indexes clauses by the values of a condition of each.
 *
 * @param clauses ascending
 * @param chosen the condition of each clause, or `NOTHING`
 * @param isWhole whether most values of the tables occur: then each gets a place
 */
export function indexClauses (
  source: IndexSource, clauses: Uint32Array, chosen: Uint32Array, isWhole: boolean
): IndexTables {
  // First how many clauses each value has, then where they end, and from there down to where they start.
  const ends = new Uint32Array(source.valueCount + 1)
  const scanned: number[] = []
  const fields = new Set<number>()
  each(source, chosen, (value) => { ends[value]! += 1 }, (at) => { scanned.push(clauses[at] as number) })
  const used: number[] = []
  let sum = 0
  for (let value = 0; value < source.valueCount; value++) {
    const count = ends[value] as number
    if (count > 0) {
      fields.add(source.fieldOf(value))
      if (!isWhole) used.push(value)
    }
    ends[value] = sum += count
  }
  ends[source.valueCount] = sum
  const filed = new Uint32Array(sum)
  // Backwards, so that the clauses of each value ascend.
  each(source, chosen, (value, at) => {
    ends[value]! -= 1
    filed[ends[value]!] = clauses[at] as number
  }, () => {}, true)
  const starts = isWhole ? ends : Uint32Array.from([...used, source.valueCount], (value) => ends[value] as number)
  return {
    fields: Uint32Array.from(fields),
    values: isWhole ? undefined : Uint32Array.from(used),
    starts,
    clauses: filed,
    scanned: Uint32Array.from(scanned)
  }
}

function each (
  source: IndexSource, chosen: Uint32Array, file: (value: number, at: number) => void,
  scan: (at: number) => void, isBackwards = false
): void {
  const { length } = chosen
  for (let step = 0; step < length; step++) {
    const at = isBackwards ? length - 1 - step : step
    const condition = chosen[at] as number
    const values = condition === NOTHING ? undefined : valuesOf(source, condition)
    if (values === undefined) scan(at)
    else if (typeof values === 'number') file(values, at)
    else for (const value of values) file(value, at)
  }
}

/** Finds the range of clauses that a value names. */
export function findFiled ({ values, starts }: IndexTables, value: number): readonly [number, number] {
  const place = values === undefined ? value : findNumber(values, value)
  return place === -1 ? NO_RANGE : [starts[place] as number, starts[place + 1] as number]
}

const NO_RANGE = [0, 0] as const

/** The position of a number in an ascending list, or -1. */
export function findNumber (list: Uint32Array, wanted: number, from: number = 0, to: number = list.length): number {
  let [low, high] = [from, to - 1]
  while (low <= high) {
    const middle = (low + high) >>> 1
    const found = list[middle] as number
    if (found === wanted) return middle
    if (found < wanted) low = middle + 1
    else high = middle - 1
  }
  return -1
}

/** The first position of an ascending list whose number is not below a bound. */
export function lowerBound (list: Uint32Array, bound: number): number {
  let [low, high] = [0, list.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((list[middle] as number) < bound) low = middle + 1
    else high = middle
  }
  return low
}
