import type { Random } from '@peerkit/test-support/random'
import { mutateOctets } from './mutate-octets.ts'

/** Values that code does not expect. Some look like other types when they are turned into text or numbers. */
const ODD = [
  'null', 'true', 'false', '0', '-1', '1.5', '1e308', '9007199254740993', '18446744073709551616', '""', '" "', '"0"',
  '[]', '{}', '[null]', '[[]]', '[{}]', '{"toString":0,"valueOf":0}', '{"length":-1}', '{"then":1}', '{"toJSON":1}',
  '{"__proto__":{"polluted":true}}', '{"constructor":{"prototype":{"polluted":true}}}', '"__proto__"', '"constructor"',
  '"\\u0000"', '"\\ud800"', '"\\u202e"', `"${'x'.repeat(5_000)}"`, `${'['.repeat(500)}${']'.repeat(500)}`,
  '["toString"]', '{"0":1}', '{"base64":"AAAA"}', '{"type":"Buffer","data":[1]}', '"https://evil.example/"', '"*"', '"**"'
]
const KEYS = ['__proto__', 'constructor', 'toString', 'valueOf', 'length', 'hasOwnProperty', 'then', '', '0', 'toJSON']

interface Place { readonly holder: any, readonly key: string | number }

/**
 * Changes the values of a JSON text by their structure: odd values in place of others, keys renamed, left out and
 * doubled, pieces of other texts. A text that is no JSON, and some of the others, are changed as octets.
 */
export function mutateJson (
  seed: Buffer, others: readonly Buffer[], random: Random, words: readonly Buffer[] = []
): Buffer {
  const root = { value: random.below(4) === 0 ? undefined : parse(seed) }
  if (root.value === undefined) return mutateOctets(seed, others, random, words)
  for (let turn = random.below(3); turn >= 0; turn--) {
    const places = listPlaces(root)
    if (places.length > 0) change(random.pick(places), others, random)
  }
  const text = JSON.stringify(root.value) ?? 'null'
  return Buffer.from(random.below(12) === 0 ? doubleKey(text, random) : text)
}

function change ({ holder, key }: Place, others: readonly Buffer[], random: Random): void {
  switch (random.below(8)) {
    case 0: Array.isArray(holder) ? holder.splice(Number(key), 1) : Reflect.deleteProperty(holder, key); break
    // A list has no other keys in JSON.
    case 1: Array.isArray(holder) ? holder.splice(Number(key), 0, holder[Number(key)]) : define(holder, random.pick(KEYS), holder[key]); break
    case 2: {
      const donor = { value: parse(random.pick(others)) }
      const from = random.pick(listPlaces(donor))
      define(holder, key, from.holder[from.key])
      break
    }
    case 3: if (Array.isArray(holder)) holder.push(...holder.slice(0, 1 + random.below(3))); else define(holder, key, [holder[key]]); break
    case 4: {
      const value: unknown = holder[key]
      if (typeof value === 'string') define(holder, key, changeText(value, random))
      else if (typeof value === 'number') define(holder, key, value + random.pick([-1, 1, 0.5, -value * 2, 2 ** 53]))
      else define(holder, key, JSON.parse(random.pick(ODD)))
      break
    }
    default: define(holder, key, JSON.parse(random.pick(ODD)))
  }
}

function changeText (text: string, random: Random): string {
  const where = random.below(text.length + 1)
  const piece = random.pick(['', '\0', ' ', '\n', 'é', '\ud800', '/', '*', '%', '=', '.', '..', text, text.slice(where, where + 8)])
  return text.slice(0, where) + piece + text.slice(where + random.below(4))
}

/** JSON allows a key twice, and readers differ in which one counts. */
function doubleKey (text: string, random: Random): string {
  const keys = [...text.matchAll(/"(?:[^"\\]|\\.)*":/g)]
  if (keys.length === 0) return text
  const { 0: key, index } = random.pick(keys)
  return `${text.slice(0, index)}${key}${random.pick(ODD)},${text.slice(index)}`
}

/** `__proto__` as an own property, as JSON.parse makes it. */
function define (holder: object, key: string | number, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true })
}

function listPlaces (root: { readonly value: unknown }): Place[] {
  const places: Place[] = [{ holder: root, key: 'value' }]
  for (let at = 0; at < places.length && places.length < 2_000; at++) {
    const { holder, key } = places[at] as Place
    const value: unknown = Object.getOwnPropertyDescriptor(holder, key)?.value
    if (typeof value === 'object' && value !== null) {
      for (const inner of Object.keys(value)) places.push({ holder: value, key: inner })
    }
  }
  return places
}

function parse (bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return undefined
  }
}
