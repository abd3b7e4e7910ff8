// The alternative: a proxy that ends mutual TLS and authorizes, in front of plain Fastify. Measured end to end. All
// processes that take part in an answer share the server's core.
import type { Run } from './benchmark.ts'
import { compare } from './compare.ts'
import { gateways } from './gateways/gateways.ts'
import { launchGateway } from './gateways/launch-gateway.ts'
import { REQUEST_METRICS } from './keep-alive.ts'
import { launch, withCost } from './launch.ts'
import type { Launched } from './launch.ts'
import { loadHttp1 } from './load/http1.ts'
import { findProgram } from './machine.ts'
import { mintMaterial } from './world.ts'

export const run: Run = async ({ rounds, seconds }) => {
  const material = await mintMaterial()
  const servers: Array<{ readonly name: string, readonly server: Launched }> = [{
    name: 'Fastify with both our plugins', server: await launch('peerkit', 'h1', material)
  }]
  const notes: string[] = []
  try {
    for (const gateway of gateways) {
      const program = findProgram(gateway.program)
      if (program === undefined) notes.push(`${gateway.name}: not measured, \`${gateway.program}\` is not installed.`)
      else servers.push({ name: gateway.name, server: await launchGateway(gateway, program, material) })
    }
    for (const { server: { port } } of servers) await loadHttp1({ port, material, seconds: Math.min(1, seconds) })
    const contenders = servers.map(({ name, server }) => ({
      name,
      measure: async () => {
        return { ...await withCost(server, async () => await loadHttp1({ port: server.port, material, seconds })) }
      }
    }))
    return [await compare('In front of plain Fastify, HTTP/1.1', REQUEST_METRICS, contenders, rounds, notes)]
  } finally {
    for (const { server } of servers) await server.stop()
  }
}
