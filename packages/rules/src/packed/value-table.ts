import { randomInt } from 'node:crypto'
import { GrowingList } from './growing-list.ts'
import type { Memory } from './growing-list.ts'

/** Values as octets in one list, found by a hash table: a few octets for each value besides its text. */
export interface ValueTables {
  /** The hash starts with it, so that nobody can prepare texts that collide. */
  readonly seed: number
  /** Texts one after the other: an octet for each character, or two in a text with characters beyond U+00FF. */
  readonly text: Uint8Array
  /** Where each text starts, and at the end where the last one ends. */
  readonly starts: Uint32Array
  /** The field of each value. The highest bit is set if its text has two octets for each character. */
  readonly fields: Uint32Array
  /** Open addressing: the number of a value plus 1, or 0. The length is a power of two. */
  readonly slots: Uint32Array
}

const WIDE = 0x8000_0000

/** Every value of rules once: a text in a field. */
export class ValueTableBuilder {
  readonly #seed = randomInt(2 ** 32)
  readonly #text = new GrowingList(Uint8Array)
  readonly #starts = new GrowingList(Uint32Array)
  readonly #fields = new GrowingList(Uint32Array)
  /** Values of one rule often start with the same words: their hashes tell them apart sooner than their texts. */
  readonly #hashes = new GrowingList(Int32Array)
  #slots = new Uint32Array(64)

  get count (): number { return this.#fields.length }

  fieldOf (value: number): number { return unmark(this.#fields.at(value)) }

  /** Returns the number of a value, and adds it if it is new. */
  add (field: number, text: string): number {
    // One pass, since a file may have a million values: the text is written behind the others, and counts if it is new.
    const end = this.#text.length
    const room = this.#text.reserve(text.length)
    let hash = start(this.#seed, field)
    let units = 0
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at)
      hash = step(hash, unit)
      units |= unit
      room[end + at] = unit
    }
    hash = finish(hash)
    const at = this.#probe(hash, field, text)
    const known = this.#slots[at] as number
    if (known !== 0) return known - 1
    const value = this.count
    const isWide = units > 0xff
    this.#starts.push(end)
    this.#fields.push(isWide ? field + WIDE : field)
    this.#hashes.push(hash)
    if (isWide) this.#text.append(Buffer.from(text, 'utf16le'))
    else this.#text.length += text.length
    this.#slots[at] = value + 1
    if (this.count * 4 > this.#slots.length * 3) this.#rehash()
    return value
  }

  seal (memory: Memory): ValueTables {
    this.#starts.push(this.#text.length)
    return {
      seed: this.#seed,
      text: this.#text.seal(memory),
      starts: this.#starts.seal(memory),
      fields: this.#fields.seal(memory),
      slots: memory.copy(this.#slots)
    }
  }

  #probe (hash: number, field: number, text: string): number {
    const mask = this.#slots.length - 1
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const known = this.#slots[at] as number
      if (known === 0 || (this.#hashes.at(known - 1) === hash && this.#isEqual(known - 1, field, text))) return at
    }
  }

  #isEqual (value: number, field: number, text: string): boolean {
    const end = value + 1 < this.count ? this.#starts.at(value + 1) : this.#text.length
    return isSame(this.#text.view, this.#starts.at(value), end, this.#fields.at(value), field, text)
  }

  #rehash (): void {
    const slots = new Uint32Array(this.#slots.length * 2)
    const mask = slots.length - 1
    for (let value = 0; value < this.count; value++) {
      let at = this.#hashes.at(value) & mask
      while (slots[at] !== 0) at = (at + 1) & mask
      slots[at] = value + 1
    }
    this.#slots = slots
  }
}

/** Returns the number of a value, or -1. */
export function findValue ({ seed, text, starts, fields, slots }: ValueTables, field: number, wanted: string): number {
  const mask = slots.length - 1
  for (let at = hashOf(seed, field, wanted) & mask; ; at = (at + 1) & mask) {
    const value = (slots[at] as number) - 1
    if (value === -1) return -1
    const [start, end] = [starts[value] as number, starts[value + 1] as number]
    if (isSame(text, start, end, fields[value] as number, field, wanted)) return value
  }
}

/** The field of a value. */
export function fieldOfValue ({ fields }: ValueTables, value: number): number { return unmark(fields[value] as number) }

function isSame (
  text: Uint8Array, start: number, end: number, marked: number, field: number, wanted: string
): boolean {
  if (unmark(marked) !== field) return false
  const { length } = wanted
  if (marked === field) {
    if (end - start !== length) return false
    // From the end: values of one rule often start with the same words.
    for (let at = length - 1; at >= 0; at--) if (text[start + at] !== wanted.charCodeAt(at)) return false
    return true
  }
  if (end - start !== length * 2) return false
  for (let at = 0; at < length; at++) {
    if (((text[start + at * 2] as number) | (text[start + at * 2 + 1] as number) << 8) !== wanted.charCodeAt(at)) {
      return false
    }
  }
  return true
}

function unmark (marked: number): number { return marked & ~WIDE }

const FACTOR = 0x5bd1e995

function hashOf (seed: number, field: number, text: string): number {
  let hash = start(seed, field)
  for (let at = 0; at < text.length; at++) hash = step(hash, text.charCodeAt(at))
  return finish(hash)
}

function start (seed: number, field: number): number { return Math.imul(seed ^ field, FACTOR) ^ seed >>> 16 }

function step (hash: number, unit: number): number {
  const mixed = Math.imul(hash ^ unit, FACTOR)
  return mixed ^ mixed >>> 15
}

function finish (hash: number): number { return hash ^ hash >>> 13 }
