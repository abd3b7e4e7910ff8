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

const limit = (): RefusedChains => new RefusedChains(32 * MEBIBYTE, 4 * MEBIBYTE)

/** A handshake with one intermediate, and with as many certificates as OpenSSL accepts. */
const [USUAL, LONG] = [3_000, 82_000]

/** How many chains can be read before nothing is left. */
function readUntilEmpty (chains: RefusedChains, octets: number, isFreed: boolean, most = 20_000): number {
  let read = 0
  for (; read < most && chains.hasLeft; read += 1) chains.count(octets, isFreed)
  return read
}

test('refused peers can take about 32 MiB at once, and 4 MiB in each later hour', async (t) => {
  const clock = startClock(t)
  const chains = limit()
  const usual = readUntilEmpty(chains, USUAL, false)
  t.ok(usual > 1_000 && usual < 2_000, String(usual))
  t.equal(chains.hasLeft, false)
  clock.now += HOUR
  const later = readUntilEmpty(chains, USUAL, false)
  t.ok(later > usual / 10 && later < usual / 6, String(later))
  clock.now += 100 * HOUR
  t.equal(readUntilEmpty(chains, USUAL, false), usual, 'no more than at the start, however long nobody came')
})

test('a long chain costs as much as Node keeps, also where the octets are not known', async (t) => {
  startClock(t)
  for (const isFreed of [false, true]) {
    t.equal(readUntilEmpty(limit(), LONG, isFreed), 19, String(isFreed))
    t.equal(readUntilEmpty(limit(), Infinity, isFreed), 19, String(isFreed))
  }
})

test('where Node frees what was read, short handshakes cost nothing', async (t) => {
  startClock(t)
  const chains = limit()
  t.equal(readUntilEmpty(chains, 4_096, true), 20_000)
  t.ok(readUntilEmpty(chains, 4_097, true) < 700)
})

test('what an accepted peer cost is given back, and no more', async (t) => {
  startClock(t)
  const chains = limit()
  for (const octets of [USUAL, LONG]) {
    for (let turn = 0; turn < 10_000; turn += 1) {
      chains.count(octets, false)
      chains.forgive(octets, false)
    }
  }
  for (let turn = 0; turn < 1_000; turn += 1) chains.forgive(LONG, false)
  t.equal(readUntilEmpty(chains, LONG, false), 19)
})

test('a clock that goes back takes nothing away and adds nothing', async (t) => {
  const clock = startClock(t)
  const chains = limit()
  clock.now = -1e9
  t.equal(chains.hasLeft, true)
  readUntilEmpty(chains, LONG, false)
  clock.now = -2e9
  t.equal(chains.hasLeft, false)
})
