// Requests per second over keep-alive mutual TLS: bare Fastify (the limit), with the plugins, and with other solutions.
import type { Comparison, Metric, Run } from './benchmark.ts'
import { compare } from './compare.ts'
import { launch, withCost } from './launch.ts'
import type { Protocol } from './launch.ts'
import { loadHttp1 } from './load/http1.ts'
import { loadHttp2 } from './load/http2.ts'
import { mintMaterial } from './world.ts'

export const REQUEST_METRICS: readonly Metric[] = [
  { key: 'rate', title: 'requests/s', ratio: true },
  { key: 'perCpuSecond', title: 'requests per CPU second', ratio: true },
  { key: 'cpuMicroseconds', title: 'CPU µs a request', digits: 1 },
  { key: 'p50', title: 'p50 ms', digits: 2 },
  { key: 'p99', title: 'p99 ms', digits: 2 },
  { key: 'busy', title: 'server busy %' }
]

const SERVERS = [
  ['bare Fastify, no check (the limit)', 'bare'],
  ['the same, another process (noise)', 'bare'],
  ['with fastify-mtls', 'identified'],
  ['with fastify-mtls and fastify-allowed-clients', 'peerkit'],
  ['Fastify, hand-written getPeerCertificate() hook', 'hand-written'],
  ['Node alone, getPeerCertificate()', 'node'],
  ['Express with client-certificate-auth', 'express']
] as const

export const run: Run = async ({ rounds, seconds }) => {
  const material = await mintMaterial()
  const compareOver = async (protocol: Protocol): Promise<Comparison> => {
    // Express serves no HTTP/2.
    const kinds = SERVERS.filter(([, kind]) => protocol === 'h1' || kind !== 'express')
    const servers = await Promise.all(
      kinds.map(async ([name, kind]) => ({ name, server: await launch(kind, protocol, material) }))
    )
    const load = protocol === 'h1' ? loadHttp1 : loadHttp2
    for (const { server: { port } } of servers) await load({ port, material, seconds: Math.min(1, seconds) })
    const contenders = servers.map(({ name, server }) => ({
      name,
      measure: async () => {
        return { ...await withCost(server, async () => await load({ port: server.port, material, seconds })) }
      }
    }))
    const comparison = await compare(
      `Keep-alive, ${protocol === 'h1' ? 'HTTP/1.1' : 'HTTP/2'}`, REQUEST_METRICS, contenders, rounds
    )
    for (const { server } of servers) await server.stop()
    return comparison
  }
  return [await compareOver('h1'), await compareOver('h2')]
}
