import { once } from 'node:events'
import type { Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Material } from '../world.ts'
import type { Serving } from './serving.ts'

/** Who may call. */
export const NAME = 'client-7'

export function tlsOptions (
  { ca, server }: Material
): { ca: string, cert: string, key: string, requestCert: true, rejectUnauthorized: true } {
  return { ca, ...server, requestCert: true, rejectUnauthorized: true }
}

export async function listen (server: Server): Promise<Serving> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port }
}
