// 1 to 10,000 open connections, idle after one request: how much memory each takes, compared with bare Fastify.
import { readFileSync } from 'node:fs'
import { connect } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import type { Run } from './benchmark.ts'
import { launch } from './launch.ts'
import { SeriesBook } from './series-book.ts'
import { mintMaterial } from './world.ts'
import type { Material } from './world.ts'

const SERVERS = [['bare Fastify', 'bare'], ['with both plugins', 'peerkit']] as const
const LANES = 16
const ROUNDS = 3
const REQUEST = 'GET / HTTP/1.1\r\nhost: localhost\r\n\r\n'

export const run: Run = async ({ quick }) => {
  const most = Math.min(quick ? 100 : 10_000, descriptors() - 200)
  const sizes = [1, 10, 100, 1_000, 10_000].filter((size) => size <= most)
  const [resident, heap] = [new SeriesBook(), new SeriesBook()]
  const material = await mintMaterial()
  for (let round = 0; round < (quick ? 1 : ROUNDS); round += 1) {
    for (const [name, kind] of SERVERS) {
      const server = await launch(kind, 'h1', material)
      // The first connections load code. Count only after that.
      const sockets = await openAll(server.port, material, 20)
      for (const socket of sockets.splice(0)) socket.destroy()
      const before = await server.ask<{ rss: number, heap: number }>('memory')
      for (const size of sizes) {
        sockets.push(...await openAll(server.port, material, size - sockets.length))
        const now = await server.ask<{ rss: number, heap: number }>('memory')
        resident.add(name, size, Math.max(0, now.rss - before.rss) / size / 1024)
        if (sockets.some((socket) => socket.destroyed || socket.readableEnded)) {
          throw new Error(`connections ended before ${size} were open`)
        }
        heap.add(name, size, Math.max(0, now.heap - before.heap) / size / 1024)
      }
      for (const socket of sockets) socket.destroy()
      await server.stop()
    }
  }
  const notes = ['Below 100 connections this shows the granularity of the allocator, not the cost of a connection.']
  return [
    resident.write({
      id: 'resident',
      title: 'Memory for each open connection',
      size: 'open connections',
      unit: 'KiB resident a connection',
      digits: 1,
      notes
    }),
    heap.write({
      id: 'heap',
      title: 'JavaScript memory for each open connection',
      size: 'open connections',
      unit: 'KiB of heap a connection',
      digits: 1,
      notes
    })
  ]
}

/** Each with one answered request. */
async function openAll (port: number, material: Material, count: number): Promise<TLSSocket[]> {
  const sockets: TLSSocket[] = []
  let left = count
  await Promise.all(Array.from({ length: LANES }, async () => {
    while (left > 0) {
      left -= 1
      sockets.push(await open(port, material))
    }
  }))
  return sockets
}

async function open (port: number, { ca, client }: Material): Promise<TLSSocket> {
  return await new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca, ...client }).on('error', reject)
    socket.once('data', (chunk) => {
      if (chunk.toString('latin1', 9, 12) === '200') resolve(socket)
      else reject(new Error(`answered by "${chunk.toString('latin1', 0, 60)}"`))
    })
    socket.write(REQUEST)
  })
}

/** How many files a process may have open. */
function descriptors (): number {
  try {
    return Number(/Max open files +(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 1_024)
  } catch {
    return 1_024
  }
}
