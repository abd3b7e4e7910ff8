// The parts of packed tables, each compared with a plain map or list.
import { test } from 'tap'
import { rounds, seedOf } from '../../../test/fuzz/draws.ts'
import { SegmentTrie, matchSegments, splitSegments } from '../src/match/segments.ts'
import { GrowingList, OWN_MEMORY, SHARED_MEMORY } from '../src/packed/growing-list.ts'
import { packNames, readNames } from '../src/packed/packed-names.ts'
import { PatternTablesBuilder, findPatterns } from '../src/packed/pattern-tables.ts'
import { ValueTableBuilder, fieldOfValue, findValue } from '../src/packed/value-table.ts'
import { Random } from './naive/random.ts'

test('a list of numbers grows as an array does', async (t) => {
  for (const Type of [Uint8Array, Uint32Array, Float64Array]) {
    const list = new GrowingList<Uint8Array | Uint32Array | Float64Array>(Type as typeof Uint32Array)
    const plain: number[] = []
    const add = (numbers: readonly number[]): void => {
      list.append(Type.from(numbers))
      plain.push(...numbers)
      t.same([...list.view], plain)
    }
    for (let number = 0; number < 70; number++) {
      list.push(number)
      t.equal(list.length, plain.push(number))
      if (number > 60) t.same([...list.view], plain, `${number}`)
    }
    add([1, 2, 3])
    add([])
    add(Array.from({ length: 128 - plain.length }, (_, at) => at))
    list.push(7)
    plain.push(7)
    add(Array.from({ length: 1_000 }, (_, at) => at % 200))
    t.same([list.at(0), list.at(plain.length - 1)], [plain[0], plain.at(-1)])
    for (const memory of [OWN_MEMORY, SHARED_MEMORY]) {
      const sealed = list.seal(memory)
      t.type(sealed, Type)
      t.type(sealed.buffer, memory === SHARED_MEMORY ? SharedArrayBuffer : ArrayBuffer)
      t.same([...sealed], plain)
      t.equal(sealed.buffer.byteLength, sealed.byteLength, 'no room is left')
      list.view[0] = 9
      t.equal(sealed[0], 0, 'a copy')
      list.view[0] = 0
    }
  }
  const list = new GrowingList(Uint32Array)
  list.push(5)
  for (const count of [1, 63, 64, 500]) {
    const room = list.reserve(count)
    t.ok(room.length >= 1 + count)
    t.equal(room[0], 5)
    t.equal(list.length, 1)
  }
})

test('each text of a field has one number, and is found by it', async (t) => {
  const random = new Random(seedOf(20261132))
  const texts = [
    '', 'a', 'b', 'ab', 'ba', 'aa', 'aaa', 'service-1', 'service-2', 'service-11', 'ü', 'ÿ', '\u0100', '\u0100a', 'a\u0100', 'ā', '€', '😀', 'a\u0000',
    '\u0061\u0000\u0062', 'á', 'ab\u0100', '\u6261', '\u0162', ...Array.from({ length: 200 }, (_, at) => `name ${at}`),
    // Of one length, so that those that share a place of the table differ only in their characters.
    ...Array.from({ length: 200 }, (_, at) => `€${String(at).padStart(4, '0')}`)
  ]
  const builder = new ValueTableBuilder()
  const plain = new Map<string, number>()
  for (let round = 0; round < 2_000; round++) {
    const [field, text] = [random.below(3), random.pick(texts)]
    const key = `${field} ${text}`
    const known = plain.get(key) ?? plain.size
    const number = builder.add(field, text)
    plain.set(key, known)
    const found = [number, builder.count, builder.fieldOf(known)]
    if (found.join() !== [known, plain.size, field].join()) t.same(found, [known, plain.size, field], key)
  }
  const tables = builder.seal(OWN_MEMORY)
  for (const text of [...texts, 'c', 'name 200', 'service-', '\u6161', ...Array.from({ length: 200 }, (_, at) => `€${String(at + 200).padStart(4, '0')}`)]) {
    for (const field of [0, 1, 2, 3]) {
      const wanted = plain.get(`${field} ${text}`) ?? -1
      const found = findValue(tables, field, text)
      if (found !== wanted) t.equal(found, wanted, `${field} ${text}`)
    }
  }
  t.same([...plain.values()].map((value) => fieldOfValue(tables, value)), [...plain.keys()].map((key) => Number(key[0])))
})

test('names are packed in their order', async (t) => {
  for (const names of [[], ['a'], ['b', 'a', 'ü', '😀', 'a b']]) t.same(readNames(packNames(names)), names)
})

test('the patterns that match are found in both tries', async (t) => {
  const seed = seedOf(20261133)
  t.comment(`seed ${seed}`)
  const random = new Random(seed)
  let matches = 0
  const last = Math.max(40, rounds(200))
  for (let round = 0; round < last; round++) {
    const patterns = Array.from({ length: 1 + random.below(30) }, () => {
      return ['s://h', ...random.some(['a', 'b', 'c', '*'], 1, 4), ...random.chance(0.3) ? ['**'] : []].join('/')
    })
    const values = new ValueTableBuilder()
    const packed = new PatternTablesBuilder(values)
    const trie = new SegmentTrie<string>()
    const numbers = new Map<number, string>()
    for (const pattern of patterns) {
      const segments = splitSegments(pattern)!
      const number = values.add(1, pattern)
      packed.add(segments, number)
      if (!numbers.has(number)) trie.add(segments, pattern)
      numbers.set(number, pattern)
    }
    const [tables, sealed] = [packed.seal(OWN_MEMORY), values.seal(OWN_MEMORY)]
    for (let at = 0; at < 10; at++) {
      const uri = ['s://h', ...random.some(['a', 'b', 'c', 'd', '', '.', '%2F', '*'], 0, 5)].join('/')
      const segments = splitSegments(uri)!
      const wanted = [...new Set(patterns)].filter((pattern) => matchSegments(splitSegments(pattern)!, segments)).sort()
      t.same(trie.find(segments).sort(), wanted, `${uri} of ${patterns.join(' ')}`)
      const found: number[] = []
      findPatterns(tables, sealed, segments, found)
      t.same(found.map((number) => numbers.get(number)).sort(), wanted, `${uri}, packed`)
      matches += wanted.length
    }
  }
  t.ok(matches > last * 2, `${matches}`)
})
