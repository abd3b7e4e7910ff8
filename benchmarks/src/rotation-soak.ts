// 200 rotations under 200 requests in flight: `node --expose-gc --conditions=@peerkit/source src/rotation-soak.ts`.
// Exits with 1 if a request failed, or if memory or the number of sockets grew.
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { MtlsAgent } from '@peerkit/undici-mtls'

const ROTATIONS = Number(process.env['ROTATIONS'] ?? 200)
const IN_FLIGHT = 200
const ca = await createDevCa()
const server = await ca.issue({ cn: 'server', ip: '127.0.0.1' })
const clients = await Promise.all(['a', 'b'].map(async (cn) => await ca.issue({ cn, profile: 'client' })))
const sockets = new Set<Socket>()
const listening = createServer(
  { cert: server.chain, key: server.key, ca: ca.root, requestCert: true, rejectUnauthorized: true },
  (request, response) => { setTimeout(() => { response.end('ok') }, 2) }
)
listening.on('connection', (socket: Socket) => {
  sockets.add(socket.on('error', () => {}).on('close', () => { sockets.delete(socket) }))
})
listening.listen(0, '127.0.0.1')
await once(listening, 'listening')
const origin = `https://127.0.0.1:${(listening.address() as AddressInfo).port}`
const material = (turn: number): { cert: string, key: string } =>
  ({ cert: clients[turn % 2]?.chain ?? '', key: clients[turn % 2]?.key ?? '' })
const credentials = memoryCredentials({ ...material(0), ca: ca.root })
const agent = new MtlsAgent({ credentials, connections: 50 })

const state = { running: true, answered: 0, failed: 0 }
const calls = Array.from({ length: IN_FLIGHT }, async () => {
  while (state.running) {
    try {
      const { body } = await agent.request({ origin, path: '/', method: 'GET' })
      await body.text()
      state.answered += 1
    } catch (error) {
      state.failed += 1
      console.error(error)
    }
  }
})
const samples: Array<{ readonly heap: number, readonly sockets: number }> = []
for (let turn = 1; turn <= ROTATIONS; turn += 1) {
  const goal = state.answered + IN_FLIGHT
  while (state.answered < goal) await new Promise((resolve) => { setImmediate(resolve) })
  credentials.update(material(turn))
  if (turn % 10 === 0) {
    globalThis.gc?.()
    samples.push({ heap: process.memoryUsage().heapUsed / 2 ** 20, sockets: sockets.size })
  }
}
state.running = false
await Promise.all(calls)
await agent.close()
listening.close()
const half = samples.slice(samples.length >> 1)
const most = (of: 'heap' | 'sockets', list = samples): number => Math.max(...list.map((sample) => sample[of]))
const growth = most('heap', half) / most('heap', samples.slice(1, samples.length >> 1))
console.log(
  `${ROTATIONS} rotations, ${state.answered} answered, ${state.failed} failed; at most ${most('sockets')} sockets; ` +
    `heap ${samples[1]?.heap.toFixed(1)} MB early, ${samples.at(-1)?.heap.toFixed(1)} MB late (largest of the second ` +
    `half ${growth.toFixed(2)} of the first)`
)
if (state.failed > 0 || growth > 1.3) process.exit(1)
