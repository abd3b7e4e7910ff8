import { BoundedGroups } from '@peerkit/identity/internal'
import { test } from 'tap'

type Cache = BoundedGroups<string, string>

const valuesOf = (cache: Cache, key: string): string[] => cache.of(key).map(({ value }) => value)

function use (cache: Cache, ...keys: readonly string[]): void {
  for (const key of keys) for (const entry of cache.of(key)) entry.used = true
}

test('entries of one key are a group, the newest first', async (t) => {
  const cache: Cache = new BoundedGroups(10, 1_000)
  for (const value of ['one', 'two', 'three']) cache.add('key', value, 5)
  cache.add('other', 'four', 7)
  t.strictSame([valuesOf(cache, 'key'), valuesOf(cache, 'other'), valuesOf(cache, 'none')], [
    ['three', 'two', 'one'], ['four'], []
  ])
  t.strictSame([cache.size, cache.bytes], [4, 22])
  const [, two] = cache.of('key')
  cache.remove(two!)
  t.strictSame([valuesOf(cache, 'key'), cache.size, cache.bytes], [['three', 'one'], 3, 17])
  cache.remove(cache.of('other')[0]!)
  t.strictSame([valuesOf(cache, 'other'), cache.size, cache.bytes], [[], 2, 10])
})

test('entries are listed, the oldest first', async (t) => {
  const cache: Cache = new BoundedGroups(2, 1_000)
  t.strictSame([...cache], [])
  for (const key of ['a', 'b']) cache.add(key, key, 1)
  use(cache, 'a')
  cache.add('c', 'c', 1)
  t.strictSame(Array.from(cache, ({ key }) => key), ['a', 'c'])
})

test('a full cache evicts the oldest entry that was not used since it was last passed over', async (t) => {
  const cache: Cache = new BoundedGroups(3, 1_000)
  for (const key of ['a', 'b', 'c']) cache.add(key, key, 1)
  use(cache, 'a', 'b')
  cache.add('d', 'd', 1)
  const kept = (): string[] => ['a', 'b', 'c', 'd', 'e', 'f', 'g'].filter((key) => cache.of(key).length > 0)
  t.strictSame(kept(), ['a', 'b', 'd'])
  use(cache, 'b')
  cache.add('e', 'e', 1)
  t.strictSame(kept(), ['b', 'd', 'e'], 'once passed over, a was not used again')
  cache.add('f', 'f', 1)
  t.strictSame(kept(), ['b', 'e', 'f'])
  use(cache, 'b', 'e', 'f')
  cache.add('g', 'g', 1)
  t.equal(cache.size, 3, 'where all were used, the oldest goes')
  t.strictSame(kept().at(-1), 'g')
})

test('an entry of a group is evicted alone, whichever it is', async (t) => {
  const cache: Cache = new BoundedGroups(4, 1_000)
  for (const value of ['one', 'two', 'three']) cache.add('key', value, 1)
  cache.add('other', 'four', 1)
  cache.of('key')[2]!.used = true
  cache.add('other', 'five', 1)
  t.strictSame([valuesOf(cache, 'key'), valuesOf(cache, 'other')], [['three', 'one'], ['five', 'four']])
  t.equal(cache.size, 4)
})

test('the weight of all entries is bounded, and a heavy one makes room for itself', async (t) => {
  const cache: Cache = new BoundedGroups(1_000, 160)
  for (let index = 0; index < 100; index += 1) cache.add(`k${index}`, 'v', 4)
  t.strictSame([cache.size, cache.bytes], [40, 160])
  cache.add('heavy', 'v', 10)
  t.strictSame([cache.size, cache.bytes, valuesOf(cache, 'heavy')], [38, 158, ['v']])
})

test('an entry that is heavier than a sixteenth of the cache is not kept, and evicts nothing', async (t) => {
  const cache: Cache = new BoundedGroups(10, 160)
  cache.add('a', 'a', 1)
  cache.add('heavy', 'v', 11)
  t.strictSame([cache.size, cache.bytes, valuesOf(cache, 'a'), valuesOf(cache, 'heavy')], [1, 1, ['a'], []])
})

test('a cache of no entries keeps none', async (t) => {
  const cache: Cache = new BoundedGroups(0, 1_000)
  cache.add('a', 'a', 1)
  t.strictSame([cache.size, valuesOf(cache, 'a')], [0, []])
})
