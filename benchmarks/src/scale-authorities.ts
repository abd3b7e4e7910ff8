// 1 to 1,000 named authorities: time to load them, their memory, and the cost of a new certificate, of a known one and
// of a stranger's.
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import { createTrustEvaluator } from '@peerkit/trust'
import type { Authority, TrustEvaluator } from '@peerkit/trust'
import type { Metric, Run } from './benchmark.ts'
import { compare } from './compare.ts'
import { measureHeap } from './heap.ts'

const METRICS: readonly Metric[] = [
  { key: 'load', title: 'load, ms', digits: 1 },
  { key: 'heap', title: 'heap, KiB', digits: 0 },
  { key: 'first', title: 'never seen, µs', digits: 1 },
  { key: 'again', title: 'remembered, µs', digits: 2 },
  { key: 'stranger', title: 'a stranger, µs', digits: 1 }
]
const LEAVES = 100
const AGAIN = 100

export const run: Run = async ({ quick, rounds }) => {
  const sizes = quick ? [1, 10] : [1, 10, 100, 1_000]
  const cas = await Promise.all(Array.from(
    { length: sizes.at(-1) ?? 1 }, async (_, index) => await createDevCa({ name: `Partner ${index}` })
  ))
  const stranger = await createDevCa({ name: 'Stranger' })
  const strange = await leavesOf(stranger, 'stranger.example')
  const contenders = await Promise.all(sizes.map(async (size) => {
    const last = cas[size - 1] as DevCa
    const leaves = await leavesOf(last, `p${size - 1}.example`)
    return {
      name: `${size} ${size === 1 ? 'authority' : 'authorities'}`,
      measure: async () => await measure(cas.slice(0, size), leaves, strange)
    }
  }))
  await compare('Warm-up', METRICS, contenders, 1)
  const notes =
    ['Each authority has one root and vouches for the names of one domain. The certificates are of the last one.']
  return [await compare('Named authorities', METRICS, contenders, rounds, notes)]
}

async function leavesOf (ca: DevCa, domain: string): Promise<readonly Uint8Array[]> {
  return await Promise.all(Array.from(
    { length: LEAVES },
    async (_, index) => (await ca.issue({ profile: 'client', dns: `client-${index}.${domain}` })).der
  ))
}

async function measure (
  cas: readonly DevCa[], leaves: readonly Uint8Array[], strange: readonly Uint8Array[]
): Promise<Record<string, number>> {
  let load = 0
  const { value: trust, bytes } = await measureHeap(() => {
    const start = performance.now()
    const authorities: readonly Authority[] = cas.map((ca, index) => {
      return { name: `p${index}`, ca: [parsePeerIdentity(ca.der)], names: { dns: `p${index}.example` } }
    })
    const made = createTrustEvaluator({ authorities: () => authorities })
    load = performance.now() - start
    return made
  })
  const first = time(trust, leaves, 1)
  return { load, heap: bytes / 1_024, first, again: time(trust, leaves, AGAIN), stranger: time(trust, strange, 1) }
}

/** Microseconds for one certificate. */
function time (trust: TrustEvaluator, leaves: readonly Uint8Array[], times: number): number {
  const start = performance.now()
  for (let turn = 0; turn < times; turn += 1) for (const leaf of leaves) trust.evaluate(leaf)
  return (performance.now() - start) / leaves.length / times * 1_000
}
