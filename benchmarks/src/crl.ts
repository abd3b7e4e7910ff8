// CRLs of 1,000 to 1,000,000 entries: time to load, how long the event loop is blocked at most, memory, answers.
import { createDevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { loadCrl, loadCrlChecker } from '@peerkit/revocation'
import type { CrlIndex } from '@peerkit/revocation'
import type { Run } from './benchmark.ts'
import { measureHeap, readHeap } from './heap.ts'
import { SeriesBook } from './series-book.ts'
import { serial, writeCrl } from './write-crl.ts'

const LOOKUPS = 200_000

export const run: Run = async ({ quick, rounds }) => {
  const sizes = quick ? [1_000, 10_000] : [1_000, 10_000, 100_000, 1_000_000]
  const ca = await createDevCa({ name: 'Benchmark CA' })
  const issuer = parsePeerIdentity(ca.der)
  const leaf = parsePeerIdentity((await ca.issue({ cn: 'good' })).der)
  const books = { loading: new SeriesBook(), memory: new SeriesBook(), answers: new SeriesBook() }
  await measureLoading(writeCrl(ca, 1_000).der, issuer)
  for (const size of sizes) {
    const { der, listed } = writeCrl(ca, size)
    for (let round = 0; round < rounds; round += 1) {
      const { took, longest } = await measureLoading(der, issuer)
      books.loading.add('until it is in force', size, took)
      books.loading.add('longest turn of the event loop', size, longest)
    }
    const {
      value: checker, bytes
    } = await measureHeap(async () => await loadCrlChecker({ crls: [der], issuers: [issuer] }))
    books.memory.add('heap and buffers', size, bytes / 1024)
    books.memory.add('the CRL itself', size, der.length / 1024)
    const index = checker.lists[0] as CrlIndex
    const absent = listed.map(() => serial().toString('hex'))
    for (let round = -1; round < rounds; round += 1) {
      const times = [
        ['index, a serial that is listed', timeLookups(index, listed)],
        ['index, a serial that is not listed', timeLookups(index, absent)],
        ['checker, one good certificate', timeChecks(() => { checker.check(leaf, issuer) })]
      ] as const
      if (round >= 0) for (const [name, ns] of times) books.answers.add(name, size, ns)
    }
    await checker.close()
  }
  const size = 'entries in the CRL'
  return [
    books.loading.write({ id: 'loading', title: 'Loading a CRL', size, unit: 'ms', digits: 1 }),
    books.answers.write({ id: 'answers', title: 'Asking a CRL', size, unit: 'ns an answer' }),
    books.memory.write({ id: 'memory', title: 'Memory of a CRL', size, unit: 'KiB' })
  ]
}

async function measureLoading (crl: Uint8Array, issuer: PeerIdentity): Promise<{ took: number, longest: number }> {
  await readHeap()
  const gaps = watchGaps()
  const start = performance.now()
  await loadCrl(crl, { issuers: [issuer] })
  return { took: performance.now() - start, longest: gaps.stop() }
}

/** The longest time between two turns, by a chain of setImmediate of its own. */
function watchGaps (): { stop (): number } {
  let longest = 0
  let last = performance.now()
  let running = true
  const look = (): void => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
    if (running) setImmediate(look)
  }
  setImmediate(look)
  return {
    stop () {
      running = false
      look()
      return longest
    }
  }
}

function timeLookups (index: CrlIndex, serials: readonly string[]): number {
  let turn = 0
  return timeChecks(() => {
    index.has(serials[turn] as string)
    turn = turn + 1 === serials.length ? 0 : turn + 1
  })
}

function timeChecks (check: () => void): number {
  const start = performance.now()
  for (let index = 0; index < LOOKUPS; index += 1) check()
  return (performance.now() - start) / LOOKUPS * 1e6
}
