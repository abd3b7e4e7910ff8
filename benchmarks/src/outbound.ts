// MtlsAgent compared with a bare undici Agent with the same certificates: keep-alive, and a connection for each
// request.
import { memoryCredentials } from '@peerkit/credentials'
import { MtlsAgent } from '@peerkit/undici-mtls'
import { Agent, interceptors } from 'undici'
import type { Dispatcher } from 'undici'
import type { Comparison, Metric, Run } from './benchmark.ts'
import { compare } from './compare.ts'
import { launch } from './launch.ts'
import type { Launched } from './launch.ts'
import { mintMaterial } from './world.ts'
import type { Material } from './world.ts'

const CONNECTIONS = 10
const METRICS: readonly Metric[] = [
  { key: 'perCpuSecond', title: 'requests per CPU second', ratio: true },
  { key: 'cpuMicroseconds', title: 'CPU µs a request', digits: 1 },
  { key: 'rate', title: 'requests/s', ratio: true },
  { key: 'resumedPercent', title: 'handshakes resumed %' }
]

export const run: Run = async ({ rounds, seconds }) => {
  const material = await mintMaterial()
  const server = await launch('bare', 'h1', material)
  const sections: Comparison[] = []
  for (const [title, options] of [
    ['Outbound, kept alive', {}], ['Outbound, a connection for each request', { reset: true }]
  ] as const) {
    const agents = makeAgents(material)
    for (const agent of Object.values(agents)) await measure(agent, server, options, Math.min(1, seconds))
    const contenders = Object
      .entries(agents)
      .map(([name, agent]) => ({ name, measure: async () => await measure(agent, server, options, seconds) }))
    sections.push(await compare(title, METRICS, contenders, rounds))
    for (const agent of Object.values(agents)) await agent.close()
  }
  await server.stop()
  return sections
}

function makeAgents ({ ca, client }: Material): Record<string, Dispatcher> {
  const credentials = memoryCredentials({ ...client, ca })
  const common = { connections: CONNECTIONS }
  const tls = { ca, ...client }
  return {
    'bare undici Agent': new Agent({ ...common, allowH2: false, connect: tls }),
    'bare undici Agent, without resumption': new Agent({
      ...common, allowH2: false, connect: { ...tls, maxCachedSessions: 0 }
    }),
    'MtlsAgent, any server of the CA': new MtlsAgent({ ...common, credentials }),
    'MtlsAgent, allowedServers': new MtlsAgent({ ...common, credentials, allowedServers: [{ dns: 'localhost' }] }),
    'MtlsAgent, allowedServers, with retry':
      new MtlsAgent({ ...common, credentials, allowedServers: [{ dns: 'localhost' }] }).compose(interceptors.retry())
  }
}

/** Measured in CPU time of this process, so that other work of the machine does not count. */
async function measure (
  agent: Dispatcher, server: Launched, options: object, seconds: number
): Promise<Record<string, number>> {
  const origin = `https://localhost:${server.port}`
  await server.ask('takeHandshakes')
  let answered = 0
  const before = process.cpuUsage()
  const started = performance.now()
  const end = started + seconds * 1000
  await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
    while (performance.now() < end) {
      const { body, statusCode } = await agent.request({ origin, path: '/', method: 'GET', ...options })
      await body.text()
      if (statusCode !== 200) throw new Error(`answered by ${statusCode}`)
      answered += 1
    }
  }))
  const taken = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(before)
  const used = (user + system) / 1e6
  const { handshakes, resumed } = await server.ask<{ handshakes: number, resumed: number }>('takeHandshakes')
  return {
    perCpuSecond: answered / used,
    cpuMicroseconds: used / answered * 1e6,
    rate: answered / taken,
    resumedPercent: handshakes > CONNECTIONS ? 100 * resumed / handshakes : NaN
  }
}
