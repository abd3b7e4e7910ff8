import { once } from 'node:events'
import http2 from 'node:http2'
import https from 'node:https'
import { connect } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { memoryCredentials } from '@peerkit/credentials'
import type { CredentialMaterial, MemoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa, IssuedCertificate } from '@peerkit/dev-ca'
import { collectMessages } from '@peerkit/test-support/messages'
import { isSoon } from '@peerkit/test-support/turns'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import fastifyMtls, { mtlsServerOptions } from '../../src/index.ts'
import type { FastifyMtlsOptions, MtlsServerOptions } from '../../src/index.ts'

export interface Identity { readonly cert: string, readonly key: string }

export interface World {
  readonly app: FastifyInstance<any, any, any, any>
  readonly credentials: MemoryCredentials
  readonly ca: DevCa
  readonly client: IssuedCertificate
  readonly origin: string
  readonly port: number
  /** What the gate refused, in order. */
  readonly refusals: any[]
  /** What was ended on open connections. */
  readonly ended: any[]
}

export interface WorldOptions {
  readonly settings?: MtlsServerOptions
  readonly plugin?: FastifyMtlsOptions | false
  readonly crl?: boolean
  readonly ca?: DevCa
  /** Beside or in place of the server's own material. */
  readonly material?: Partial<CredentialMaterial>
  /** Fastify's own options. */
  readonly fastify?: object
  /** Where to listen. Default 127.0.0.1. */
  readonly host?: string
  readonly port?: number
  setup? (app: FastifyInstance<any, any, any, any>): Promise<void> | void
}

interface Test { after (task: () => unknown): void }

/** A listening app with one route that says who called. */
export async function startWorld (t: Test, { settings = {}, plugin = {}, crl = false, ca: given, material = {}, fastify = {}, host = '127.0.0.1', port: wanted = 0, setup }: WorldOptions = {}): Promise<World> {
  const ca = given ?? await createDevCa()
  const server = await ca.issue({ cn: 'server', dns: 'localhost', ip: '127.0.0.1' })
  const client = await ca.issue({ cn: 'client', profile: 'client' })
  const credentials = memoryCredentials({ cert: server.chain, key: server.key, ca: ca.root, ...(crl && { crl: (await ca.crl()).pem }), ...material })
  const refusals = collectMessages(t, 'peerkit:handshake:refused')
  const ended = collectMessages(t, 'peerkit:connection:ended')
  const app: FastifyInstance<any, any, any, any> = Fastify({ ...mtlsServerOptions(credentials, settings as any), ...fastify } as any)
  t.after(async () => {
    await app.close()
    await credentials.close()
  })
  if (plugin !== false) {
    await app.register(fastifyMtls, plugin)
    app.get('/', async (request: any) => ({ cn: request.peer.subject?.commonName }))
  } else {
    app.get('/', async () => ({ open: true }))
  }
  await setup?.(app)
  await app.listen({ host, port: wanted })
  const { port } = app.server.address() as { port: number }
  return { app, credentials, ca, client, origin: `https://127.0.0.1:${port}`, port, refusals, ended }
}

export interface Answer { readonly status: number, readonly body: any, readonly reused: boolean }

/** One HTTP/1.1 call; without an agent on a connection of its own. Rejects where no answer comes. */
export async function call ({ origin, ca }: Pick<World, 'origin' | 'ca'>, identity: Identity | undefined, options: https.RequestOptions & { path?: string, body?: string } = {}): Promise<Answer> {
  const { path = '/', body, ...rest } = options
  return await new Promise((resolve, reject) => {
    const request = https.request(origin + path, { ca: ca.root, agent: false, ...pair(identity), ...rest }, (response) => {
      let text = ''
      response.on('data', (chunk) => { text += chunk })
      response.on('end', () => { resolve({ status: response.statusCode ?? 0, body: text === '' ? undefined : JSON.parse(text), reused: request.reusedSocket }) })
    })
    request.on('error', reject)
    request.end(body)
  })
}

export function pair (identity: Identity | IssuedCertificate | undefined): { cert?: string, key?: string } {
  if (identity === undefined) return {}
  return { cert: 'chain' in identity ? identity.chain : identity.cert, key: identity.key }
}

/** An HTTP/2 session that is connected. */
export async function openSession ({ origin, ca }: Pick<World, 'origin' | 'ca'>, identity: Identity, options: object = {}): Promise<http2.ClientHttp2Session> {
  const session = http2.connect(origin, { ca: ca.root, ...pair(identity), ...options })
  session.on('error', () => {})
  await once(session, 'connect')
  return session
}

/** One request on an HTTP/2 session. */
export async function callSession (session: http2.ClientHttp2Session, path = '/'): Promise<Answer> {
  const stream = session.request({ ':path': path })
  let text = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk) => { text += chunk })
  const [headers] = await once(stream, 'response')
  if (!stream.readableEnded) await once(stream, 'end')
  return { status: Number(headers[':status']), body: text === '' ? undefined : JSON.parse(text), reused: true }
}

export interface RawOutcome { readonly status: number | undefined, readonly reused: boolean, readonly session: Buffer | undefined }

/** One HTTP/1.1 request over a TLS socket of our own, with a session to resume; `status` is undefined where no answer came. */
export async function callRaw (
  { port, ca, app }: Pick<World, 'port' | 'ca'> & Partial<Pick<World, 'app'>>, identity: Identity | undefined, options: ConnectionOptions = {}
): Promise<RawOutcome> {
  const socket: TLSSocket = connect({ host: '127.0.0.1', port, ca: ca.root, ...pair(identity), ...options })
  let session: Buffer | undefined
  let text = ''
  socket.on('session', (next) => { session = next })
  socket.on('data', (chunk) => { text += String(chunk) })
  socket.on('error', () => {})
  socket.once('secureConnect', () => { socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n') })
  let reused = false
  socket.once('secureConnect', () => { reused = socket.isSessionReused() })
  // A server that forgets to end a connection would be noticed by a test that never ends. Turns of our event loop say
  // nothing of a server in another process.
  if (app === undefined) await new Promise<void>((resolve) => { socket.once('close', () => { resolve() }) })
  else if (!await isSoon(() => socket.closed)) {
    socket.destroy()
    throw new Error('the server neither closed nor reset the connection')
  }
  const status = /^HTTP\/1\.1 (\d+)/.exec(text)?.[1]
  return { status: status === undefined ? undefined : Number(status), reused, session }
}
