// A worker: a process with one app for each trust and chain. Its parent tells it what to serve and asks what came.
import Fastify from 'fastify'
import type { FastifyServerOptions } from 'fastify'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { memoryCredentials } from '@peerkit/credentials'
import fastifyMtls, { mtlsServerOptions } from '@peerkit/fastify-mtls'

export interface AppSpec {
  readonly name: string
  readonly cert: string
  readonly key: string
  readonly ca: readonly string[]
  readonly intermediates?: readonly string[]
  readonly crl?: readonly string[]
  readonly crlIssuers?: readonly string[]
  /** In base64. */
  readonly ticketSecret?: string
}

/** What came to an app since it was asked last. */
export interface Served { requests: number, resumed: number, refusals: string[] }

export type Question = { readonly serve: readonly AppSpec[] } | { readonly take: string }
export type Ports = Readonly<Record<string, number>>
export interface Message { readonly number: number, readonly question: Question }
export interface Reply { readonly number: number, readonly answer: Ports | Served }

// Longer than any run: the keys of tickets change with nothing but the trust.
const TICKET_ROTATION = 2_000_000_000
const seen = new Map<string, Served>()
const none = (): Served => ({ requests: 0, resumed: 0, refusals: [] })

async function serve ({ name, ticketSecret, ...material }: AppSpec): Promise<number> {
  const credentials = memoryCredentials(material)
  const settings = {
    ...(ticketSecret !== undefined && { ticketSecret: Buffer.from(ticketSecret, 'base64') }),
    ticketRotation: TICKET_ROTATION
  }
  const current = (): Served => seen.get(name) ?? none()
  const write = (line: string): void => {
    const { msg, reason, code } = JSON.parse(line) as { msg: string, reason?: string, code?: string }
    if (msg.startsWith('mTLS handshake')) current().refusals.push(`${reason ?? ''} ${code ?? ''}`.trim())
  }
  const logger = { level: 'info', stream: { write } }
  const app = Fastify({ ...mtlsServerOptions(credentials, settings), logger } as FastifyServerOptions)
  await app.register(fastifyMtls)
  app.get('/', async (request, reply) => {
    current().requests += 1
    if ((request.raw.socket as TLSSocket).isSessionReused()) current().resumed += 1
    // Every client makes a new connection for its next call, and resumes a session if that is what it does.
    return await reply.header('connection', 'close').send(`hello ${String(request.peer)}`)
  })
  seen.set(name, none())
  await app.listen({ port: 0, host: '127.0.0.1' })
  return (app.server.address() as AddressInfo).port
}

async function answer (question: Question): Promise<Ports | Served> {
  if ('take' in question) {
    const served = seen.get(question.take) ?? none()
    seen.set(question.take, none())
    return served
  }
  const ports: Record<string, number> = {}
  for (const spec of question.serve) ports[spec.name] = await serve(spec)
  return ports
}

if (process.send !== undefined) {
  process.on('message', async ({ number, question }: Message) => {
    const reply: Reply = { number, answer: await answer(question) }
    process.send?.(reply)
  })
  process.once('disconnect', () => { process.exit() })
}
