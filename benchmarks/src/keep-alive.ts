// Requests/s over keep-alive mTLS: bare Fastify HTTPS with requestCert (the limit), our two plugins, and the hand-written hook.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { formatRows, interleave } from './interleave.ts'
import type { Contender } from './interleave.ts'
import { loadHttp1, loadHttp2 } from './load.ts'
import { mintMaterial } from './world.ts'

const ROUNDS = Number(process.env['ROUNDS'] ?? 9)
const SECONDS = Number(process.env['SECONDS'] ?? 3)
const material = await mintMaterial()
console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}; ${ROUNDS} rounds of ${SECONDS} s\n`)

for (const [protocol, load] of [['h1', loadHttp1], ['h2', loadHttp2]] as const) {
  const servers = await Promise.all(['bare', 'peerkit', 'hand-written'].map(async (kind) => {
    // The server has one core to itself where taskset is at hand; `npm run bench` pins the load to the other.
    const child = fork(join(import.meta.dirname, 'servers/serve.ts'), [kind, protocol], pinned())
    child.send(material)
    const [{ port }] = await once(child, 'message') as [{ port: number }]
    return { kind, child, port }
  }))
  for (const { port } of servers) await load(port, material, 1)
  const contenders: Contender[] = servers.map(({ kind, port }) => ({ name: kind, measure: () => load(port, material, SECONDS) }))
  console.log(formatRows(`Keep-alive, ${protocol === 'h1' ? 'HTTP/1.1' : 'HTTP/2'}`, 'requests/s', await interleave(contenders, ROUNDS)))
  for (const { child } of servers) child.kill()
}

function pinned (): object {
  if (process.platform !== 'linux' || cpus().length < 2) return {}
  return { execPath: 'taskset', execArgv: ['-c', '0', process.execPath, ...process.execArgv] }
}
