// New connections, each with one request: full handshakes and resumed ones, of two kinds of keys.
import type { Comparison, Metric, Run } from './benchmark.ts'
import { compare } from './compare.ts'
import { launch, withCost } from './launch.ts'
import { loadHandshakes } from './load/handshakes.ts'
import { mintMaterial } from './world.ts'

const METRICS: readonly Metric[] = [
  { key: 'rate', title: 'connections/s', ratio: true },
  { key: 'perCpuSecond', title: 'connections per CPU second', ratio: true },
  { key: 'cpuMicroseconds', title: 'CPU µs a connection' },
  { key: 'p50', title: 'p50 ms', digits: 2 },
  { key: 'p99', title: 'p99 ms', digits: 2 },
  { key: 'busy', title: 'server busy %' },
  { key: 'resumedPercent', title: 'resumed %' }
]
const SERVERS = [['bare Fastify, no check', 'bare'], ['with fastify-mtls and fastify-allowed-clients', 'peerkit'], ['Express with client-certificate-auth', 'express']] as const

export const run: Run = async ({ rounds, seconds }) => {
  const sections: Comparison[] = []
  for (const [keys, key] of [['P-256', 'ec-p256'], ['RSA-2048', 'rsa-2048']] as const) {
    const material = await mintMaterial(key)
    const servers = await Promise.all(SERVERS.map(async ([name, kind]) => ({ name, server: await launch(kind, 'h1', material) })))
    for (const resume of [false, true]) {
      const load = async (port: number, forSeconds: number): ReturnType<typeof loadHandshakes> => await loadHandshakes({ port, material, seconds: forSeconds }, resume)
      for (const { server: { port } } of servers) await load(port, Math.min(1, seconds))
      const contenders = servers.map(({ name, server }) => ({
        name,
        async measure () {
          const measured = await withCost(server, async () => await load(server.port, seconds))
          return { ...measured, resumedPercent: 100 * measured.resumed }
        }
      }))
      sections.push(await compare(`${resume ? 'Resumed' : 'Full'} handshakes, ${keys}, TLS 1.3`, METRICS, contenders, rounds))
    }
    for (const { server } of servers) await server.stop()
  }
  return sections
}
