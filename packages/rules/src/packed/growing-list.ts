/** Any typed array that lists are kept in. */
export type Numbers = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array

interface NumbersType<List extends Numbers> {
  new (length: number): List
  new (buffer: ArrayBufferLike): List
  readonly BYTES_PER_ELEMENT: number
}

/** How the lists of finished tables are made. */
export interface Memory {
  /** Returns a list with a copy of the numbers. */
  copy<List extends Numbers> (numbers: List): List
}

/** Memory of one thread. */
export const OWN_MEMORY: Memory = { copy: (numbers) => numbers.slice() as typeof numbers }

/** Memory that other threads read without a copy. */
export const SHARED_MEMORY: Memory = {
  copy (numbers) {
    const Type = numbers.constructor as NumbersType<typeof numbers>
    const list = new Type(new SharedArrayBuffer(numbers.byteLength))
    list.set(numbers as never)
    return list
  }
}

/** A list of numbers that grows. It takes as many octets as its type says, unlike an array. */
export class GrowingList<List extends Numbers> {
  readonly #Type: NumbersType<List>
  #list: List
  length = 0

  constructor (Type: NumbersType<List>) {
    this.#Type = Type
    this.#list = new Type(64)
  }

  push (number: number): void {
    if (this.length === this.#list.length) this.#grow(this.length + 1)
    this.#list[this.length++] = number
  }

  /** Returns the list itself, with room for so many more numbers behind those that count. */
  reserve (count: number): List {
    if (this.length + count > this.#list.length) this.#grow(this.length + count)
    return this.#list
  }

  append (numbers: List): void {
    this.reserve(numbers.length).set(numbers as never, this.length)
    this.length += numbers.length
  }

  at (index: number): number { return this.#list[index] as number }

  /** The numbers so far, without a copy. Another push may leave it behind. */
  get view (): List { return this.#list.subarray(0, this.length) as List }

  seal (memory: Memory): List { return memory.copy(this.view) }

  #grow (least: number): void {
    const list = new this.#Type(Math.max(least, this.#list.length * 2))
    list.set(this.#list as never)
    this.#list = list
  }
}
