import { getHeapStatistics } from 'node:v8'

/**
 * The most memory that a character of JSON makes `JSON.parse` take, in bytes, measured with lists and objects of one
 * kind each: an empty object 56, a list 56, a key 48, and so on. A character inside a string counts too, so that the
 * sum is too high rather than too low. Rules of two short values take a third of it.
 */
const COST_OF_JSON: Readonly<Record<string, number>> = { '{': 56, '[': 56, ':': 48, ',': 24, '"': 8 }

const COSTS = makeCosts()

function makeCosts (): Uint8Array {
  const costs = new Uint8Array(256).fill(1)
  for (const [char, cost] of Object.entries(COST_OF_JSON)) costs[char.charCodeAt(0)] = cost
  return costs
}

/** The first byte, in UTF-8, of the characters that need two bytes in a string of V8, as do then all others. */
const FIRST_WIDE = 0xC4

/**
 * Says whether JSON fits into the memory of this thread. `JSON.parse` does not throw where it does not: V8 ends the
 * process, in a worker too.
 *
 * @param bytes JSON in UTF-8
 * @param room the free memory, in bytes. Default: until the limit of this thread
 * @returns undefined if it fits, or else both in megabytes
 */
export function findTooLittle (
  bytes: Uint8Array, room: number = roomLeft()
): { readonly needed: number, readonly room: number } | undefined {
  // The text itself, and the strings in what it is parsed to.
  let needed = bytes.length
  if (needed * MOST_FOR_A_BYTE < room) return undefined
  let isWide = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number
    needed += COSTS[byte] as number
    isWide ||= byte >= FIRST_WIDE
  }
  if (isWide) needed += 2 * bytes.length
  return needed < room ? undefined : { needed: toMegabytes(needed), room: toMegabytes(room) }
}

const MOST_FOR_A_BYTE = 3 + Math.max(...Object.values(COST_OF_JSON))

function roomLeft (): number {
  const { heap_size_limit: limit, used_heap_size: used } = getHeapStatistics()
  return limit - used
}

function toMegabytes (bytes: number): number { return Math.ceil(bytes / 1e6) }
