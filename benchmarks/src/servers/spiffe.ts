import Fastify from 'fastify'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileCredentials } from '@peerkit/credentials'
import type { CredentialSource } from '@peerkit/credentials'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import { spiffeCredentials } from '@peerkit/spiffe'
import { KEEP_ALIVE, serveApp } from './serving.ts'
import type { App, MakeServer, Serving } from './serving.ts'
import { TurnWatch } from './turn-watch.ts'

/** A server whose credentials come from the Workload API at `options.socket`. */
export const serveSpiffe: MakeServer = async (_protocol, _material, { socket }) => {
  const turns = new TurnWatch()
  const credentials = await spiffeCredentials({ socket: String(socket) })
  return await serve(credentials, {
    /** CPU milliseconds of the longest turn of the event loop since the last call. */
    longestTurn: () => turns.takeLongest(),
    /** So that a server under load is not measured with it. */
    stopWatch: () => { turns.stop() },
    state: () => ({ generation: credentials.current.generation, handles: process.getActiveResourcesInfo().length })
  })
}

/** The same credentials in files. */
export const serveFiles: MakeServer = async (_protocol, { ca, server }) => {
  const folder = await mkdtemp(join(tmpdir(), 'peerkit-bench-'))
  const [cert, key, anchors] = [join(folder, 'tls.crt'), join(folder, 'tls.key'), join(folder, 'ca.crt')]
  await Promise.all([writeFile(cert, server.cert), writeFile(key, server.key), writeFile(anchors, ca)])
  const names = { spiffe: 'spiffe://bench.example' }
  const authorities = { 'bench.example': { ca: anchors, names, spiffeOnly: true, partial: true } }
  return await serve(await fileCredentials({ cert, key, authorities }))
}

async function serve (credentials: CredentialSource, commands: Serving['commands'] = {}): Promise<Serving> {
  const app: App = Fastify({ ...withMtls(credentials), keepAliveTimeout: KEEP_ALIVE } as object)
  await app.register(fastifyMtls)
  return await serveApp(app, {}, commands)
}
