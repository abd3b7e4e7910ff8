// One rule set for 1 to 1,000,000 clients: time to load it, its memory, the cost of the first verdict about a client,
// and of later ones.
import { createDevCa } from '@peerkit/dev-ca'
import { parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { compileRules } from '@peerkit/rules'
import type { AllowRule, Authorizer } from '@peerkit/rules'
import type { Run, Series } from './benchmark.ts'
import { measureHeap } from './heap.ts'
import { connectGuarded } from './live-guard.ts'
import { SeriesBook } from './series-book.ts'

const PEERS = 200
const LOOP = 2_000
/** Rounds in which rule sets are loaded. The largest take seconds. */
const LOADINGS = 3
const REMEMBERED_LOOP = 100_000
const MILLION = 1_000_000
/** The shapes of which a million clients are measured, once: each loading takes many seconds. */
const LARGE = new Set(['one rule, a list of SPIFFE IDs', 'a rule of two keys for each client'])
const SHAPES: Readonly<Record<string, (count: number) => Authorizer>> = {
  'one rule, a list of SPIFFE IDs': (count) => compileRules([{ spiffe: each(count, spiffeOf) }]),
  'a rule of two keys for each client': (count) => {
    return compileRules(each(count, (index): AllowRule => ({ cn: nameOf(index), o: 'Acme' })))
  },
  'a group for each client': (count) => compileRules(
    each(count, nameOf), { groups: Object.fromEntries(each(count, (index) => [nameOf(index), { cn: nameOf(index) }])) }
  ),
  'a SPIFFE pattern for each client': (count) => compileRules(each(
    count, (index): AllowRule => ({ spiffe: `spiffe://prod.example/ns/*/sa/${nameOf(index)}` })
  ))
}

export const run: Run = async ({ quick, rounds }) => {
  const sizes = quick ? [1, 10, 1_000] : [1, 10, 100, 1_000, 10_000, 100_000, MILLION]
  const strangers = await mintPeers((index) => `stranger-${index}`)
  const books = {
    allowed: new SeriesBook(),
    refused: new SeriesBook(),
    loading: new SeriesBook(),
    memory: new SeriesBook(),
    each: new SeriesBook()
  }
  const cases: Array<{
    shape: string
    size: number
    compile: (count: number) => Authorizer
    authorizer: Authorizer
    known: readonly PeerIdentity[]
  }> = []
  for (const size of sizes) {
    // Spread over the clients: a single client would stay in the processor's cache.
    const known = await mintPeers((index) => nameOf(Math.floor(index * size / PEERS)))
    for (const [shape, compile] of Object.entries(SHAPES)) {
      if (size === MILLION && !LARGE.has(shape)) continue
      const { value: authorizer, bytes } = await measureHeap(() => compile(size))
      // The smallest sizes are lost in the noise of the heap.
      if (size >= 100) books.memory.add(shape, size, bytes / 1024)
      if (size >= 1_000) books.each.add(shape, size, bytes / size)
      for (const [peers, allowed] of [[known, true], [strangers, false]] as const) {
        decideAll(authorizer, peers, allowed, shape)
      }
      cases.push({ shape, size, compile, authorizer, known })
    }
  }
  for (let round = -2; round < rounds; round += 1) {
    for (const { shape, size, compile, authorizer, known } of cases) {
      const [allowed, refused] = [timeVerdicts(authorizer, known), timeVerdicts(authorizer, strangers)]
      const isLoaded = size === MILLION ? round === 0 : round > -2 && round < LOADINGS
      const loading = isLoaded ? timeLoading(compile, size) : undefined
      if (round < 0) continue
      books.allowed.add(shape, size, allowed)
      books.refused.add(shape, size, refused)
      if (loading !== undefined) books.loading.add(shape, size, loading)
    }
  }
  const about = { size: 'clients in the rule set' }
  return [
    books.allowed.write({ ...about, id: 'first', title: 'First verdict about a client that is allowed', unit: 'ns' }),
    books.refused.write({
      ...about, id: 'refused', title: 'First verdict about a client that is not allowed', unit: 'ns'
    }),
    await measureRemembered(sizes.filter((size) => size < MILLION), rounds),
    books.loading.write({ ...about, id: 'loading', title: 'Loading a rule set', unit: 'ms', digits: 2 }),
    books.memory.write({ ...about, id: 'memory', title: 'Memory of a rule set', unit: 'KiB', digits: 1 }),
    books.each.write({ ...about, id: 'memory-each', title: 'Memory for each client', unit: 'bytes' })
  ]
}

/** With a live request over mutual TLS: all work of the plugin's hook. */
async function measureRemembered (sizes: readonly number[], rounds: number): Promise<Series> {
  const book = new SeriesBook()
  const spiffe = 'spiffe://prod.example/ns/ops/sa/client'
  const guarded = await connectGuarded({
    client: { cn: 'client', spiffe },
    paths: sizes.map((size) => `/${size}`),
    add (app, handler) {
      for (const size of sizes) {
        app.get(`/${size}`, { config: { allowedClients: [{ spiffe: [...each(size, spiffeOf), spiffe] }] } }, handler)
      }
    }
  })
  for (let round = -2; round < rounds; round += 1) {
    for (const size of sizes) {
      const nanoseconds = guarded.time(`/${size}`, REMEMBERED_LOOP)
      if (round >= 0) book.add('the hook of fastify-allowed-clients', size, nanoseconds)
    }
  }
  await guarded.close()
  return book.write({
    id: 'remembered', title: 'Later verdicts on a connection', size: 'clients in the rule set', unit: 'ns'
  })
}

function timeLoading (compile: (count: number) => Authorizer, size: number): number {
  const start = performance.now()
  compile(size)
  return performance.now() - start
}

/** An authorizer remembers nothing between two verdicts, so each of them is a first one. */
function timeVerdicts (authorizer: Authorizer, peers: readonly PeerIdentity[]): number {
  const start = performance.now()
  for (let index = 0; index < LOOP; index += 1) authorizer.authorize(peers[index % PEERS])
  return (performance.now() - start) / LOOP * 1e6
}

function decideAll (authorizer: Authorizer, peers: readonly PeerIdentity[], allowed: boolean, shape: string): void {
  for (const peer of peers) {
    const verdict = authorizer.authorize(peer)
    if (verdict instanceof Promise || verdict.allowed !== allowed) throw new Error(`${shape}: decides wrongly`)
  }
}

async function mintPeers (name: (index: number) => string): Promise<PeerIdentity[]> {
  const ca = await createDevCa({ name: 'Benchmark CA' })
  return await Promise.all(Array.from({ length: PEERS }, async (_, index) => parsePeerIdentity((await ca.issue({
    cn: name(index), o: 'Acme', ou: 'ops', spiffe: `spiffe://prod.example/ns/ops/sa/${name(index)}`
  })).der)))
}

function nameOf (index: number): string { return `service-${index}` }

function spiffeOf (index: number): string { return `spiffe://prod.example/ns/ops/sa/${nameOf(index)}` }

/** In an order in which the one that matches is neither first nor last. */
function each<T> (count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make((index + (count >> 1)) % count))
}
