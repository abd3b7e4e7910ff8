import { memoryCredentials } from '@peerkit/credentials'
import type { MemoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa, IssuedCertificate, IssueOptions } from '@peerkit/dev-ca'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import type { FastifyAllowedClientsOptions } from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { injectAs, withMtls } from '@peerkit/fastify-mtls'
import { parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import type { RevocationChecker } from '@peerkit/revocation'
import Fastify from 'fastify'
import type { FastifyInstance, InjectOptions } from 'fastify'
import { bundledRoots } from '@peerkit/trust/forecast'
import type { PublicRoots } from '@peerkit/trust/forecast'
import { consoleBy } from '../../src/fastify-mtls-console.ts'
import type { FastifyMtlsConsoleOptions } from '../../src/index.ts'

export interface Test { after (task: () => unknown): unknown }
type Injected = Awaited<ReturnType<typeof injectAs>>

export interface World {
  readonly app: FastifyInstance
  readonly ca: DevCa
  readonly credentials: MemoryCredentials
  readonly operator: PeerIdentity
  /** Log lines of the app, as JSON. */
  readonly lines: string[]
  issue (options: IssueOptions): Promise<PeerIdentity>
  /** A page as the operator sees it. */
  get (path: string): Promise<string>
  ask (options: InjectOptions, peer?: PeerIdentity): Promise<Injected>
  as (peer: PeerIdentity | null, options: InjectOptions | string): Promise<Injected>
  data (query?: string): Promise<any>
}

export interface WorldOptions {
  readonly clients?: Partial<FastifyAllowedClientsOptions>
  readonly console?: Partial<FastifyMtlsConsoleOptions>
  readonly crl?: boolean
  readonly http2?: boolean
  /** The checker of the server, and of the console. */
  readonly revocation?: RevocationChecker
  /** What counts as a public root. Default: those of Node. */
  readonly roots?: PublicRoots
  /** Default `optional`, since one of the usual routes is public. */
  readonly clientCertificate?: 'required' | 'optional'
  /** In place of the usual routes. */
  setup? (app: FastifyInstance, credentials: MemoryCredentials): Promise<void> | void
}

/** Routes of every kind. */
export function addAccounts (app: FastifyInstance): void {
  app.get('/accounts', { config: { allowedClients: ['billing', 'operators'] } }, async () => [])
  app.delete('/accounts/:id', { config: { allowedClients: ['operators'] } }, async () => 'deleted')
  app.get('/forgotten', async () => 'closed')
  app.get('/open', { config: { allowedClients: ['public'] } }, async () => 'open')
  app.get('/tried', { config: { allowedClients: ['operators'], allowedClientsMode: 'report-only' } }, async () => 'tried')
  app.get('/asked', { config: { allowedClients: ['operators', () => { throw new Error('predicates must not be asked') }] } }, async () => 'asked')
}

/** An app with a console at /console for operators. */
export async function createWorld (t: Test, { clients = {}, console: options = {}, crl = false, http2 = false, revocation, roots = bundledRoots(), setup = addAccounts, clientCertificate = 'optional' }: WorldOptions = {}): Promise<World> {
  const ca = await createDevCa({ name: 'Test CA' })
  const server: IssuedCertificate = await ca.issue({ cn: 'accounts', dns: 'localhost', ip: '127.0.0.1' })
  const credentials = memoryCredentials({ cert: server.chain, key: server.key, ca: ca.root, ...(crl && { crl: (await ca.crl()).pem }) })
  const own = revocation === undefined ? {} : { revocation }
  const lines: string[] = []
  const app = Fastify(withMtls(credentials, { logger: { level: 'trace', stream: { write (line: string) { lines.push(line) } } }, http2, mtls: { ...own, clientCertificate } } as never)) as unknown as FastifyInstance
  t.after(async () => {
    await app.close()
    await credentials.close()
  })
  await app.register(fastifyMtls)
  await app.register(fastifyAllowedClients, { groups: { operators: { ou: 'operators' }, billing: { ou: 'billing' } }, ...clients })
  await setup(app, credentials)
  await app.register(consoleBy(() => roots), { prefix: '/console', credentials, allowedClients: ['operators'], instance: 'pod-7', ...own, ...options })
  await app.ready()
  const issue = async (options: IssueOptions): Promise<PeerIdentity> => parsePeerIdentity((await ca.issue({ profile: 'client', ...options })).der)
  const operator = await issue({ cn: 'Olga', ou: 'operators' })
  const as: World['as'] = async (peer, options) => await injectAs(app, peer, options)
  const ask: World['ask'] = async (options, peer = operator) => await as(peer, options)
  return {
    app,
    ca,
    credentials,
    operator,
    lines,
    issue,
    as,
    ask,
    get: async (path) => (await ask({ url: `/console${path}` })).body,
    data: async (query = '') => (await ask({ url: `/console/data.json${query}` })).json()
  }
}

/** The body of a form. */
export function form (fields: Record<string, string>): Pick<InjectOptions, 'payload' | 'headers'> {
  return { payload: new URLSearchParams(fields).toString(), headers: { 'content-type': 'application/x-www-form-urlencoded' } }
}
