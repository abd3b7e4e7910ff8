// Requests/s and handshakes/s of MtlsAgent beside a bare undici Agent with the same certificates, and the share of handshakes that resume a session.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { cpus } from 'node:os'
import { subscribe } from 'node:diagnostics_channel'
import { join } from 'node:path'
import { memoryCredentials } from '@peerkit/credentials'
import { MtlsAgent } from '@peerkit/undici-mtls'
import { Agent, interceptors } from 'undici'
import type { Dispatcher } from 'undici'
import { formatRows, interleave } from './interleave.ts'
import type { Contender } from './interleave.ts'
import { mintMaterial } from './world.ts'

const ROUNDS = Number(process.env['ROUNDS'] ?? 9)
const SECONDS = Number(process.env['SECONDS'] ?? 2)
const CONNECTIONS = 10
const material = await mintMaterial()
const { ca, client } = material
const credentials = memoryCredentials({ cert: client.cert, key: client.key, ca })
const tls = { ca, cert: client.cert, key: client.key }
const child = fork(join(import.meta.dirname, 'servers/serve.ts'), ['bare', 'h1'], pinned())
child.send(material)
const [{ port }] = await once(child, 'message') as [{ port: number }]
const origin = `https://localhost:${port}`

function makeAgents (): Record<string, Dispatcher> {
  const common = { connections: CONNECTIONS }
  return {
    'bare Agent': new Agent({ ...common, allowH2: false, connect: tls }),
    'bare Agent, kept session off': new Agent({ ...common, allowH2: false, connect: { ...tls, maxCachedSessions: 0 } }),
    MtlsAgent: new MtlsAgent({ ...common, credentials, allowedServers: [{ dns: 'localhost' }] }),
    'MtlsAgent, with retry': new MtlsAgent({ ...common, credentials }).compose(interceptors.retry())
  }
}

async function load (agent: Dispatcher, options: object): Promise<number> {
  let done = 0
  const before = process.cpuUsage()
  const end = performance.now() + SECONDS * 1000
  await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
    while (performance.now() < end) {
      const { body } = await agent.request({ origin, path: '/', method: 'GET', ...options })
      await body.text()
      done += 1
    }
  }))
  // By the time that this process really had: what else the machine does would count otherwise.
  const { user, system } = process.cpuUsage(before)
  return done / ((user + system) / 1e6)
}

let resumed = 0
let handshakes = 0
subscribe('peerkit:outbound:identified', (message) => {
  handshakes += 1
  if ((message as { resumed: boolean }).resumed) resumed += 1
})

for (const [title, unit, options] of [['Outbound keep-alive', 'requests/s of CPU', {}], ['Outbound, a connection for each request', 'connections/s of CPU', { reset: true }]] as const) {
  const agents = makeAgents()
  for (const agent of Object.values(agents)) await load(agent, options)
  const contenders: Contender[] = Object.entries(agents).map(([name, agent]) => ({ name, measure: async () => await load(agent, options) }))
  ;[resumed, handshakes] = [0, 0]
  console.log(formatRows(title, unit, await interleave(contenders, ROUNDS)))
  if (handshakes > 100) console.log(`Handshakes of MtlsAgent that resumed a session: ${(100 * resumed / handshakes).toFixed(1)} % of ${handshakes}\n`)
  for (const agent of Object.values(agents)) await agent.close()
}
child.kill()

function pinned (): object {
  if (process.platform !== 'linux' || cpus().length < 2) return {}
  return { execPath: 'taskset', execArgv: ['-c', '0', process.execPath, ...process.execArgv] }
}
