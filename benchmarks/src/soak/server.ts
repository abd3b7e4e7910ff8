// The server of the soak, in a process of its own: what the clients need does not count as its memory.
import { memoryCredentials } from '@peerkit/credentials'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import Fastify from 'fastify'
import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { TLSSocket, createSecureContext } from 'node:tls'
import { queryObjects } from 'node:v8'

/** What the server presents and trusts, PEM. */
export interface ServerMaterial {
  readonly cert: string
  readonly key: string
  readonly ca: readonly string[]
  readonly crl: readonly string[]
}

/** What the server is at one moment. */
export interface ServerState {
  /** Octets of objects and buffers after a garbage collection. */
  readonly heap: number
  /** Octets of the whole process. The system takes the pages of files from it, and gives them back, as it likes. */
  readonly rss: number
  /** Octets of the process without pages of files: heap, buffers, OpenSSL, stacks, and what glibc keeps. */
  readonly anonymous: number
  /** Timers, sockets, watches and requests of the file system. */
  readonly resources: number
  readonly sockets: number
}

/** Objects of OpenSSL that are still in memory. */
export interface ServerObjects {
  /** Certificates with their key and CAs. Each rotation makes some. */
  readonly contexts: number
  readonly sockets: number
}

const SecureContext = createSecureContext().constructor as new () => object

const sockets = new Set<Socket>()
let update: ((material: Partial<ServerMaterial>) => void) | undefined
let reload: (() => Promise<void>) | undefined

interface Start { readonly material: ServerMaterial, readonly file: string }

async function start ({ material, file }: Start): Promise<number> {
  const credentials = memoryCredentials(material)
  const app = Fastify({ ...withMtls(credentials, { mtls: { drainTimeout: 2_000 } }), forceCloseConnections: true })
  await app.register(fastifyMtls)
  await app.register(fastifyAllowedClients, { file, watch: false })
  app.get('/', async ({ peer }) => peer.commonName)
  app.server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => { sockets.delete(socket) })
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  update = (next) => { credentials.update(next as never) }
  reload = async () => { await app.mtls.reload() }
  return (app.server.address() as { readonly port: number }).port
}

async function look (): Promise<ServerState> {
  const { gc } = globalThis as { gc?: () => void }
  for (let turn = 0; turn < 3; turn += 1) {
    gc?.()
    await new Promise((resolve) => { setImmediate(resolve) })
  }
  const { heapUsed, external, rss } = process.memoryUsage()
  return {
    heap: heapUsed + external,
    rss,
    anonymous: await readAnonymous() ?? rss,
    resources: process.getActiveResourcesInfo().length,
    sockets: sockets.size
  }
}

/** Undefined where there is no such file: on systems other than Linux. */
async function readAnonymous (): Promise<number | undefined> {
  const text = await readFile('/proc/self/status', 'utf8').catch(() => '')
  const [, kilobytes] = /^RssAnon:\s+(\d+) kB$/m.exec(text) ?? []
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1_024
}

/** Only at the end: V8 walks through the heap, and serves nobody meanwhile. */
function count (): ServerObjects { return { contexts: countObjects(SecureContext), sockets: countObjects(TLSSocket) } }

/** How many objects of a class are in memory. */
function countObjects (type: Function): number {
  return queryObjects(type as never, { format: 'count' }) as unknown as number
}

const commands: Readonly<Record<string, (value: never) => unknown>> = {
  start,
  look,
  count,
  update: (material: Partial<ServerMaterial>) => { update?.(material) },
  reload: async () => { await reload?.() }
}

process.on('message', ({ id, command, value }: { id: number, command: string, value: never }) => {
  const run = async (): Promise<unknown> => await commands[command]?.(value)
  run().then((answer) => process.send?.({ id, answer }), (error: Error) => process.send?.({ id, error: error.stack }))
})
process.on('disconnect', () => { process.exit(0) })
