import Fastify from 'fastify'
import { memoryCredentials } from '@peerkit/credentials'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { mtlsServerOptions } from '@peerkit/fastify-mtls'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'
import { KEEP_ALIVE, serveApp } from './serving.ts'
import type { App, MakeServer } from './serving.ts'
import { TurnWatch } from './turn-watch.ts'

/** Milliseconds after a reload in which a turn still counts: the old rules become garbage. */
const AFTERMATH = 300
/** Milliseconds for the first reading of the largest file. */
const PATIENCE = 300_000

export interface Reloaded {
  /** Milliseconds until the new rules are in force. */
  readonly took: number
  /** The longest turn of the event loop, in milliseconds of CPU time of the main thread. */
  readonly turn: number
  /** The longest delay of a timer, in milliseconds: also while the system gave the core to others. */
  readonly delay: number
}

/** Both plugins with a rules file, which is read again on command. */
export const serveRulesFile: MakeServer = async (_protocol, { ca, server }, { file }) => {
  const credentials = memoryCredentials({ ...server, ca })
  const app: App = Fastify({
    ...mtlsServerOptions(credentials), keepAliveTimeout: KEEP_ALIVE, pluginTimeout: PATIENCE
  } as object)
  await app.register(fastifyMtls)
  await app.register(fastifyAllowedClients, { file: file as string, watch: false })
  return await serveApp(app, {}, {
    async reload (): Promise<Reloaded> {
      const [delays, turns] = [monitorEventLoopDelay({ resolution: 1 }), new TurnWatch(1)]
      delays.enable()
      const version = app.mtls.rulesVersion
      const start = performance.now()
      await app.mtls.reload()
      const took = performance.now() - start
      if (app.mtls.rulesVersion === version) throw new Error('the file holds the rules in force')
      await wait(AFTERMATH)
      delays.disable()
      turns.stop()
      return { took, turn: turns.takeLongest(), delay: delays.max / 1e6 }
    }
  })
}
