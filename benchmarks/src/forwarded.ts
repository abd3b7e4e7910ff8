// What it costs to identify a client behind a gateway: reading its headers, for the first time and again, for 1 to
// 100,000 clients; and requests/s compared with Fastify that ignores the headers.
import { createForwardedReader } from '@peerkit/forwarded'
import type { ForwardedReader, ForwardedRequest } from '@peerkit/forwarded'
import { createPathValidator } from '@peerkit/trust'
import type { Comparison, Metric, Run } from './benchmark.ts'
import { compare } from './compare.ts'
import { FORMATS, USUAL, mintClients, write } from './forwarded-headers.ts'
import type { Clients } from './forwarded-headers.ts'
import { launch, withCost } from './launch.ts'
import { loadHeaders } from './load/headers.ts'
import { SeriesBook } from './series-book.ts'
import { mintMaterial } from './world.ts'

const LOOP = 2_000
const GATEWAY = '127.0.0.1'
const METRICS: readonly Metric[] = [{ key: 'us', title: 'µs a request', digits: 2 }]
const REQUEST_METRICS: readonly Metric[] = [
  { key: 'rate', title: 'requests/s', ratio: true },
  { key: 'cpuMicroseconds', title: 'CPU µs a request', digits: 1, ratio: true },
  { key: 'p99', title: 'p99 ms', digits: 2 }
]

export const run: Run = async ({ quick, rounds, seconds }) => {
  const clients = await mintClients()
  const sizes = quick ? [1, 100] : [1, 10, 100, 1_000, 10_000, 100_000]
  const book = new SeriesBook()
  for (const format of FORMATS) {
    for (const size of sizes) {
      const reader = createForwardedReader({ format, gateways: { addresses: [GATEWAY] } })
      for (let index = 0; index < size; index++) read(reader, [requestOf(format, clients, index)])
      for (let round = 0; round < rounds; round++) {
        book.add(format, size, read(reader, sample(format, clients, size, round)))
      }
    }
  }
  return [
    book.write({
      id: 'again',
      title: 'Reading a forwarded certificate',
      size: 'clients, in turn',
      unit: 'µs',
      digits: 2,
      notes: ['10,000 certificates are remembered by default.']
    }),
    await compareFirst(clients, rounds),
    await compareServers(clients, rounds, seconds)
  ]
}

/** As a parser makes them: new strings, whose hashes V8 has not computed yet. */
function requestOf (format: string, { ca, at }: Clients, index: number): ForwardedRequest {
  const rawHeaders = [...USUAL, ...write[format]!(at(index), ca.der)].map((text) => {
    return Buffer.from(text, 'latin1').toString('latin1')
  })
  return { rawHeaders, sender: undefined, remoteAddress: GATEWAY }
}

/** Spread over all clients, in an order that does not favour a cache. */
function sample (format: string, clients: Clients, size: number, round: number): ForwardedRequest[] {
  return Array.from(
    { length: LOOP },
    (_, turn) => requestOf(format, clients, (Math.imul(round * LOOP + turn, 2_654_435_761) >>> 0) % size)
  )
}

/** Microseconds a request. */
function read (reader: ForwardedReader, requests: readonly ForwardedRequest[]): number {
  const start = performance.now()
  for (const request of requests) {
    const result = reader.read(request)
    if (result instanceof Promise || result.state !== 'accepted') {
      throw new Error(`not accepted: ${JSON.stringify(result)}`)
    }
  }
  return (performance.now() - start) / requests.length * 1_000
}

/**
 * The first request of a client; with `aws-alb-passthrough` its chain is validated, which takes certificates that are
 * really signed.
 */
async function compareFirst (clients: Clients, rounds: number): Promise<Comparison> {
  const people = await Promise.all(Array.from(
    { length: 200 }, async (_, index) => (await clients.ca.issue({ cn: `client-${index}`, profile: 'client' })).der
  ))
  const signed: Clients = { ca: clients.ca, at: (index) => people[index]! }
  const validator = createPathValidator({ anchors: () => [clients.ca.der], generation: () => 1, cacheSize: 0 })
  const contenders = [...FORMATS, 'aws-alb-passthrough' as const].map((format) => {
    const reader = createForwardedReader({
      format, gateways: { addresses: [GATEWAY] }, cacheSize: 0, ...(format === 'aws-alb-passthrough' && { validator })
    })
    return {
      name: format === 'aws-alb-passthrough' ? `${format}, validated in process` : format,
      measure: async () => ({ us: read(reader, people.map((_, index) => requestOf(format, signed, index))) })
    }
  })
  return await compare(
    'The first request of a client', METRICS, contenders, rounds,
    ['If a chain is forwarded, its signatures are verified as well.']
  )
}

/** Plain HTTP over kept-alive connections, as from a gateway on the same machine; a hundred clients in turn. */
async function compareServers (clients: Clients, rounds: number, seconds: number): Promise<Comparison> {
  const material = await mintMaterial()
  const heads = Array.from(
    { length: 100 }, (_, index) => [...USUAL, ...write['nginx']!(clients.at(index), clients.ca.der)]
  )
  const kinds = [
    ['plain Fastify that reads the header and ignores it', 'reads-header'],
    ['the same, another process (noise)', 'reads-header'], ['with fastify-mtls', 'behind'],
    ['with fastify-mtls and fastify-allowed-clients', 'behind-allowed']
  ] as const
  const servers = await Promise.all(
    kinds.map(async ([name, kind]) => ({ name, server: await launch(kind, 'plain', material) }))
  )
  for (const { server: { port } } of servers) await loadHeaders(port, heads, Math.min(1, seconds))
  const contenders = servers.map(({ name, server }) => ({
    name,
    measure: async () => ({ ...await withCost(server, async () => await loadHeaders(server.port, heads, seconds)) })
  }))
  const section = await compare('Requests behind a gateway (nginx, plain HTTP)', REQUEST_METRICS, contenders, rounds)
  for (const { server } of servers) await server.stop()
  return section
}
