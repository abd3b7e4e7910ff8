// One server of the suite, in a thread of its own, that does what it is told. Each message is answered when what it
// asked for has been confirmed.
import { parentPort } from 'node:worker_threads'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import Fastify from 'fastify'
import { blockMemory, memoryCredentials } from '@peerkit/credentials'
import type { BlockEntry, BlockMemory, CredentialMaterial, MemoryCredentials } from '@peerkit/credentials'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { mtlsServerOptions } from '@peerkit/fastify-mtls'
import type { PeerIdentity } from '@peerkit/identity'
import { collectGarbage } from '../sequences/garbage.ts'
import { SettlingChecker } from './settling-checker.ts'

export type Told =
  | {
    readonly do: 'open'
    /** The headers that its gateways write. */
    readonly gateways: 'xfcc' | 'rfc9440'
    readonly material: CredentialMaterial
    readonly blocks: readonly BlockEntry[]
    readonly now: number
    readonly ticketSecret: Uint8Array
    /** The URL of the OCSP responder. */
    readonly responder: string
  }
  | { readonly do: 'trust', readonly material: Partial<CredentialMaterial>, readonly isHeld: boolean }
  | { readonly do: 'block', readonly blocks: readonly BlockEntry[], readonly isHeld: boolean }
  | { readonly do: 'settle' }
  | { readonly do: 'time', readonly now: number }
  | { readonly do: 'close' }

interface Running {
  readonly credentials: MemoryCredentials
  readonly block: BlockMemory
  readonly revocation: SettlingChecker
  close (): Promise<void>
}

/** Milliseconds. */
const PATIENCE = 600_000
let running: Running | undefined
let time = 0
/** A clock that stands until it is moved. Timers are real. */
const clock = {
  now: () => time,
  schedule (task: () => void, delay: number) {
    const timer = setTimeout(task, Math.min(delay, 2 ** 31 - 1)).unref()
    return () => { clearTimeout(timer) }
  }
}

const base64 = (octets: Uint8Array | undefined): string => Buffer.from(octets ?? []).toString('base64')

/** What a route knows of its client. */
function describe (peer: PeerIdentity): object {
  const { authority, subject, chain = [], subjectAltNames } = peer
  const path = [peer, ...chain].map(({ raw }) => base64(raw))
  return { cn: subject?.commonName, authority, dns: subjectAltNames?.dns ?? [], path }
}

async function open ({ gateways, material, blocks, now, ticketSecret, responder }: Told & { do: 'open' }): Promise<number> {
  time = now
  const credentials = memoryCredentials({ ...material, clock })
  const block = blockMemory(blocks, { clock })
  const revocation = new SettlingChecker(responder, clock.now)
  const settings = {
    http2: true,
    now: clock.now,
    ticketSecret,
    block,
    revocation,
    // A busy machine is no reason to refuse a client.
    revocationTimeout: PATIENCE,
    handshakeTimeout: PATIENCE,
    upgradeTimeout: PATIENCE
  } as const
  // Node keeps each closed HTTP/2 session, and its server, until this time is over.
  const app: any = Fastify({ ...mtlsServerOptions(credentials, settings), http2SessionTimeout: 0 } as any)
  const authorize = ({ authority, subject }: PeerIdentity): { allowed: boolean } => (
    { allowed: authority === 'a' && subject?.commonName === 'gateway' }
  )
  // A request of a gateway without a certificate is its own: each answer then says who was believed.
  const forwarded = { format: gateways, gateways: { identity: { authorize } }, withoutCertificate: 'gateway' } as const
  await app.register(fastifyMtls, { forwarded })
  await app.register(fastifyAllowedClients)
  app.get('/', { config: { allowedClients: 'authenticated' } }, async ({ peer }: any) => describe(peer))
  app.get('/a', { config: { allowedClients: { authority: 'a' } } }, async ({ peer }: any) => describe(peer))
  // An upgraded socket says again what it hears.
  app.mtls.guardUpgrades('authenticated')
  app.server.on('upgrade', (_request: unknown, socket: Duplex) => {
    socket.on('error', () => {})
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
    socket.pipe(socket)
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  running = {
    credentials,
    block,
    revocation,
    async close () {
      await app.close()
      await Promise.all([credentials.close(), block.close(), revocation.close()])
    }
  }
  return (app.server.address() as AddressInfo).port
}

/** The source tells its subscribers before `update` returns, unless nothing differs. */
function update ({ credentials }: Running, material: Partial<CredentialMaterial>): number {
  let rotated = 0
  const { generation } = credentials.current
  const end = credentials.subscribe(({ type }) => { rotated += Number(type === 'rotated') })
  credentials.update(material)
  end()
  const expected = credentials.current.generation - generation
  if (rotated !== expected) throw new Error(`there was ${expected} rotation, and ${rotated} were told`)
  return rotated
}

async function obey (told: Told): Promise<number> {
  if (told.do === 'open') return await open(told)
  if (running === undefined) throw new Error('no server is open')
  if (told.do === 'trust') update(running, told.material)
  if (told.do === 'block') running.block.update(told.blocks)
  // A review may ask the responder.
  if (told.do === 'settle' || ('isHeld' in told && !told.isHeld)) await running.revocation.settle()
  if (told.do === 'time') time = told.now
  if (told.do === 'close') {
    await running.close()
    running = undefined
    collectGarbage()
  }
  return 0
}

parentPort?.on('message', (told: Told) => {
  obey(told).then(
    (answer) => { parentPort?.postMessage({ answer }) }, (error: Error) => { parentPort?.postMessage({ error: error.stack }) }
  )
})
