import { ONE, REST, isCoverable } from '../match/segments.ts'
import { GrowingList } from './growing-list.ts'
import type { Memory } from './growing-list.ts'
import { findValue } from './value-table.ts'
import type { ValueTableBuilder, ValueTables } from './value-table.ts'

/** A trie of segment patterns: the steps from node to node, and the patterns that end at a node. Node 0 is the root. */
export interface PatternTables {
  /** Open addressing by node and segment: the number of a step plus 1, or 0. */
  readonly slots: Uint32Array
  /** For each step: the node where it starts, the segment as a value, and the node where it ends. */
  readonly steps: Uint32Array
  /** For each node: the node after `*`, the pattern that ends here, the one that goes on with `**`; plus 1, or 0. */
  readonly nodes: Uint32Array
}

/** Segments of patterns are values of this field, which no certificate has. */
export const SEGMENT_FIELD = 0
const NODE = 3
const STEP = 3

/** Builds the trie of one segmented field. */
export class PatternTablesBuilder {
  readonly #values: ValueTableBuilder
  readonly #steps = new GrowingList(Uint32Array)
  readonly #nodes = new GrowingList(Uint32Array)
  #slots = new Uint32Array(16)
  readonly #known = new Set<number>()

  constructor (values: ValueTableBuilder) {
    this.#values = values
    this.#addNode()
  }

  /** @param value the number of the pattern */
  add (pattern: readonly string[], value: number): void {
    if (this.#known.has(value)) return
    this.#known.add(value)
    let node = 0
    for (const segment of pattern) {
      if (segment === REST) {
        this.#nodes.view[node * NODE + 2] = value + 1
        return
      }
      node = segment === ONE ? this.#afterOne(node) : this.#after(node, this.#values.add(SEGMENT_FIELD, segment))
    }
    this.#nodes.view[node * NODE + 1] = value + 1
  }

  seal (memory: Memory): PatternTables {
    return { slots: memory.copy(this.#slots), steps: this.#steps.seal(memory), nodes: this.#nodes.seal(memory) }
  }

  #addNode (): number {
    for (let part = 0; part < NODE; part++) this.#nodes.push(0)
    return this.#nodes.length / NODE - 1
  }

  #afterOne (node: number): number {
    const known = this.#nodes.at(node * NODE)
    if (known !== 0) return known - 1
    const next = this.#addNode()
    this.#nodes.view[node * NODE] = next + 1
    return next
  }

  #after (node: number, segment: number): number {
    const known = findStep(this.#slots, this.#steps.view, node, segment)
    if (known !== -1) return this.#steps.at(known * STEP + 2)
    const next = this.#addNode()
    for (const part of [node, segment, next]) this.#steps.push(part)
    const count = this.#steps.length / STEP
    if (count * 4 > this.#slots.length * 3) this.#rehash()
    else enter(this.#slots, this.#steps.view, count - 1)
    return next
  }

  #rehash (): void {
    this.#slots = new Uint32Array(this.#slots.length * 2)
    const steps = this.#steps.view
    for (let step = 0; step < steps.length / STEP; step++) enter(this.#slots, steps, step)
  }
}

/** Adds the numbers of all patterns that match. The cost depends on the segments, not on the number of patterns. */
export function findPatterns (
  patterns: PatternTables, values: ValueTables, segments: readonly string[], found: number[]
): void {
  // From here to the end, a wildcard may cover every segment. Computed once, not for every `**`.
  let coverableFrom = segments.length
  while (coverableFrom > 0 && isCoverable(segments[coverableFrom - 1] as string)) coverableFrom--
  visit({ patterns, values, segments, coverableFrom, found }, 0, 0)
}

interface Visit {
  readonly patterns: PatternTables
  readonly values: ValueTables
  readonly segments: readonly string[]
  readonly coverableFrom: number
  readonly found: number[]
}

function visit (search: Visit, node: number, at: number): void {
  const { patterns: { slots, steps, nodes }, values, segments, coverableFrom, found } = search
  const segment = segments[at]
  const [one, end, rest] = [nodes[node * NODE], nodes[node * NODE + 1], nodes[node * NODE + 2]] as
    [number, number, number]
  if (segment === undefined) {
    if (end !== 0) found.push(end - 1)
    return
  }
  if (rest !== 0 && at >= coverableFrom) found.push(rest - 1)
  const value = findValue(values, SEGMENT_FIELD, segment)
  const step = value === -1 ? -1 : findStep(slots, steps, node, value)
  if (step !== -1) visit(search, steps[step * STEP + 2] as number, at + 1)
  if (one !== 0 && isCoverable(segment)) visit(search, one - 1, at + 1)
}

function findStep (slots: Uint32Array, steps: Uint32Array, node: number, segment: number): number {
  const mask = slots.length - 1
  for (let at = hashOf(node, segment) & mask; ; at = (at + 1) & mask) {
    const step = (slots[at] as number) - 1
    if (step === -1 || (steps[step * STEP] === node && steps[step * STEP + 1] === segment)) return step
  }
}

function enter (slots: Uint32Array, steps: Uint32Array, step: number): void {
  const mask = slots.length - 1
  let at = hashOf(steps[step * STEP] as number, steps[step * STEP + 1] as number) & mask
  while (slots[at] !== 0) at = (at + 1) & mask
  slots[at] = step + 1
}

function hashOf (node: number, segment: number): number {
  const mixed = Math.imul(node, 0x9e3779b1) ^ Math.imul(segment, 0x85ebca6b)
  return mixed ^ mixed >>> 15
}
