import { memoryCredentials } from '@peerkit/credentials'
import type { PeerIdentity } from '@peerkit/identity'
import fastifyMtls, { injectAs, mtlsServerOptions } from '@peerkit/fastify-mtls'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyServerOptions, InjectOptions } from 'fastify'
import fastifyAllowedClients from '../../src/index.ts'
import type { FastifyAllowedClientsOptions } from '../../src/index.ts'
import { PLACES } from '../../src/rules-file/reading-places.ts'
import type { ReadingPlaces } from '../../src/rules-file/reading-places.ts'
import { ca, serverCertificate } from './people.ts'

export interface LogLine { level: number, msg: string, reason?: string, rules?: string, nearest?: any, peer?: string, fingerprint256?: string, route?: string, err?: any, [key: string]: unknown }

export interface TestApp {
  readonly app: FastifyInstance
  readonly lines: LogLine[]
  status (peer: PeerIdentity | null, options: InjectOptions | string): Promise<number>
}

/** A server with identities, not yet guarded. */
export async function mtlsApp (server: FastifyServerOptions = {}, settings: object = {}): Promise<TestApp> {
  const credentials = memoryCredentials({ cert: serverCertificate.chain, key: serverCertificate.key, ca: ca.root })
  const lines: LogLine[] = []
  const stream = { write (line: string) { lines.push(JSON.parse(line)) } }
  const app = Fastify({ ...server, ...mtlsServerOptions(credentials, settings as object), logger: { level: 'info', stream } }) as unknown as FastifyInstance
  await app.register(fastifyMtls)
  return { app, lines, status: async (peer, options) => (await injectAs(app, peer, options)).statusCode }
}

/** Where all rules files of a test process are read. Default: as in production. */
export const reading: { places?: ReadingPlaces } = {}

/** The options of the plugin, with the places above unless it has others. */
export function withPlaces (options: FastifyAllowedClientsOptions): FastifyAllowedClientsOptions {
  return reading.places === undefined ? options : { [PLACES]: reading.places, ...options } as FastifyAllowedClientsOptions
}

/** The same, guarded. */
export async function guardedApp (options: FastifyAllowedClientsOptions = {}, server: FastifyServerOptions = {}, settings: object = {}): Promise<TestApp> {
  const test = await mtlsApp(server, settings)
  await test.app.register(fastifyAllowedClients, withPlaces(options))
  return test
}
