import { test } from 'tap'
import { findDuplicateKey } from '../../src/rules-file/duplicate-key.ts'

/** Slow and plain: a parser that asks for each key whether its object has it. */
function findNaively (text: string): string | undefined {
  let at = 0
  let found: string | undefined
  const readValue = (): void => {
    if (text[at] === '{') {
      const keys: string[] = []
      at++
      while (text[at] !== '}') {
        const key = readString()
        if (keys.includes(key)) found ??= key
        keys.push(key)
        at++
        readValue()
        if (text[at] === ',') at++
      }
      at++
    } else if (text[at] === '[') {
      at++
      while (text[at] !== ']') {
        readValue()
        if (text[at] === ',') at++
      }
      at++
    } else if (text[at] === '"') readString()
    else at++
  }
  const readString = (): string => {
    const start = at++
    while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
    return JSON.parse(text.slice(start, ++at))
  }
  readValue()
  return found
}

/** A generator of the same numbers each time (mulberry32). */
function numbers (seed: number): (below: number) => number {
  return (below) => {
    seed = seed + 0x6D2B79F5 | 0
    let mixed = Math.imul(seed ^ seed >>> 15, 1 | seed)
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed
    return ((mixed ^ mixed >>> 14) >>> 0) % below
  }
}

const STRINGS = ['"a"', '"\\u0061"', '"b\\\\"', '"b\\\\\\""', '"{"', '"]"', '",\\""', '""', '"__proto__"', '"c:"', '"\\\\"']

function write (next: (below: number) => number, depth: number): string {
  const count = next(depth > 3 ? 2 : 30) % 22
  const list = Array.from({ length: count })
  const string = (): string => next(3) > 0 ? `"k${next(400)}"` : STRINGS[next(STRINGS.length)]!
  switch (next(depth === 0 ? 2 : 4)) {
    case 0: return `{${list.map(() => `${string()}:${write(next, depth + 1)}`).join(',')}}`
    case 1: return `[${list.map(() => write(next, depth + 1)).join(',')}]`
    case 2: return string()
    default: return '1'
  }
}

test('finds what a plain parser finds', async (t) => {
  const next = numbers(18)
  let [clean, twice] = [0, 0]
  for (let round = 0; round < 2000; round++) {
    const text = write(next, 0)
    const expected = findNaively(text)
    if (expected === undefined) clean++
    else twice++
    const found = findDuplicateKey(text)
    // The first one in the text; the plain parser names an inner one first as well.
    if (found !== expected) t.equal(found, expected, text)
  }
  t.ok(clean > 100 && twice > 100, `${clean} without, ${twice} with`)
})

test('space and escapes change nothing', async (t) => {
  t.equal(findDuplicateKey('{ "a" : 1 ,\n "\\u0061" : 2 }'), 'a')
  t.equal(findDuplicateKey('{ "a" : { "a" : [ "a", "a" ] } , "b" : "a" }'), undefined)
  t.equal(findDuplicateKey('"a"'), undefined)
  const keys = Array.from({ length: 100 }, (_, at) => `"k${at}":1`)
  t.equal(findDuplicateKey(`{${keys.join()}}`), undefined)
  t.equal(findDuplicateKey(`{${keys.join()},"k3":1}`), 'k3')
  t.equal(findDuplicateKey(`{${keys.join()},"k99":1}`), 'k99')
  t.equal(findDuplicateKey(`{"a":{${keys.join()}},"k3":1,"a":1}`), 'a')
})
