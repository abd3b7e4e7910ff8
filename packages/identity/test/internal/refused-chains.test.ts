import { mock } from 'node:test'
import { test } from 'tap'
import { RefusedChains } from '../../src/internal/refused-chains.ts'

const HOUR = 3_600_000
const MEBIBYTE = 1024 * 1024

function startClock (t: { after (task: () => void): void }): { now: number } {
  const clock = { now: 1_000 }
  const mocked = mock.method(performance, 'now', () => clock.now)
  t.after(() => { mocked.mock.restore() })
  return clock
}

/** How many chains can be read before nothing is left. */
function readUntilEmpty (chains: RefusedChains, sent: number | undefined, isFreed: boolean, most: number): number {
  let read = 0
  for (; read < most && chains.hasLeft; read += 1) chains.count(sent, isFreed)
  return read
}

test('refused peers can take about 32 MiB at once, and 4 MiB in each later hour', async (t) => {
  const clock = startClock(t)
  const chains = new RefusedChains(32 * MEBIBYTE, 4 * MEBIBYTE)
  const short = readUntilEmpty(chains, 1, false, 10_000)
  t.ok(short > 5_000 && short < 6_000, String(short))
  t.equal(chains.hasLeft, false)
  clock.now += HOUR
  const later = readUntilEmpty(chains, 1, false, 10_000)
  t.ok(later > 600 && later < 800, String(later))
  clock.now += 100 * HOUR
  t.equal(readUntilEmpty(chains, 1, false, 10_000), short, 'no more than at the start, however long nobody came')
})

test('a chain that is too long to be counted costs as much as the longest', async (t) => {
  startClock(t)
  for (const isFreed of [false, true]) {
    t.equal(readUntilEmpty(new RefusedChains(32 * MEBIBYTE, 4 * MEBIBYTE), undefined, isFreed, 1_000), 19, String(isFreed))
    t.equal(readUntilEmpty(new RefusedChains(32 * MEBIBYTE, 4 * MEBIBYTE), 16, isFreed, 1_000), 350, String(isFreed))
  }
})

test('where Node frees what was read, short chains cost nothing', async (t) => {
  startClock(t)
  const chains = new RefusedChains(32 * MEBIBYTE, 4 * MEBIBYTE)
  t.equal(readUntilEmpty(chains, 4, true, 20_000), 20_000)
  t.ok(readUntilEmpty(chains, 5, true, 20_000) < 2_000)
})

test('what an accepted peer cost is given back, and no more', async (t) => {
  startClock(t)
  const chains = new RefusedChains(32 * MEBIBYTE, 4 * MEBIBYTE)
  for (let turn = 0; turn < 20_000; turn += 1) {
    chains.count(2, false)
    chains.forgive(2, false)
  }
  for (let turn = 0; turn < 1_000; turn += 1) chains.forgive(16, false)
  t.equal(readUntilEmpty(chains, undefined, false, 1_000), 19)
})

test('a clock that goes back takes nothing away and adds nothing', async (t) => {
  const clock = startClock(t)
  const chains = new RefusedChains(32 * MEBIBYTE, 4 * MEBIBYTE)
  clock.now = -1e9
  t.equal(chains.hasLeft, true)
  readUntilEmpty(chains, undefined, false, 1_000)
  clock.now = -2e9
  t.equal(chains.hasLeft, false)
})
