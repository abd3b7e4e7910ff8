// The server of the soak, in a process of its own: what the clients need does not count as its memory.
import { memoryCredentials } from '@peerkit/credentials'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import Fastify from 'fastify'
import type { Socket } from 'node:net'
import { TLSSocket, createSecureContext } from 'node:tls'
import { queryObjects } from 'node:v8'
import { readMemory } from './memory.ts'
import type { Memory } from './memory.ts'

/** What the server presents and trusts, PEM. */
export interface ServerMaterial {
  readonly cert: string
  readonly key: string
  readonly ca: readonly string[]
  readonly crl: readonly string[]
}

/** What the server is at one moment. */
export interface ServerState extends Memory {
  /** Timers, sockets, watches and requests of the file system. */
  readonly resources: number
  readonly sockets: number
  /** Full handshakes of clients that OpenSSL verified, since the start. */
  readonly handshakes: number
}

/** Objects of OpenSSL that are still in memory. */
export interface ServerObjects {
  /** Certificates with their key and CAs. Each rotation makes some. */
  readonly contexts: number
  readonly sockets: number
}

const SecureContext = createSecureContext().constructor as new () => object

const sockets = new Set<Socket>()
let handshakes = 0
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
  app.server.on('secureConnection', (socket: TLSSocket) => {
    if (socket.authorized && !socket.isSessionReused()) handshakes += 1
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  update = (next) => { credentials.update(next as never) }
  reload = async () => { await app.mtls.reload() }
  return (app.server.address() as { readonly port: number }).port
}

async function look (): Promise<ServerState> {
  const resources = process.getActiveResourcesInfo().length
  return { ...await readMemory(), resources, sockets: sockets.size, handshakes }
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
