import type { FastifyInstance } from 'fastify'
import type { AddressInfo } from 'node:net'
import type { Material } from '../world.ts'

export type App = FastifyInstance<any, any, any, any>

export interface Serving {
  readonly port: number
  readonly commands?: Readonly<Record<string, (value: any) => unknown>>
}

export type MakeServer =
  (protocol: 'h1' | 'h2' | 'plain', material: Material, options: Readonly<Record<string, unknown>>) => Promise<Serving>

/** Milliseconds. Longer than it takes to open ten thousand connections: none may end before they are counted. */
export const KEEP_ALIVE = 900_000

export const ANSWER = { hello: 'world' }

/** The route that is measured by default. */
export async function serveApp (app: App, config: object = {}, commands: Serving['commands'] = {}): Promise<Serving> {
  app.get('/', { config }, async () => ANSWER)
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { port: (app.server.address() as AddressInfo).port, commands }
}
