import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FastifyInstance } from 'fastify'

/** Fastify's own channel: it publishes each new app at the end of `Fastify(…)`. */
const CREATED = 'fastify.initialization'

/**
 * Calls back with the app that is created around a server, before any plugin or route is added to it. Call it from the
 * server factory: `Fastify(…)` is synchronous, so the next app that is published is the one of this server, or none.
 */
export function meetApp (server: object, onMet: (app: FastifyInstance<any, any, any, any>) => void): void {
  const listener = (message: unknown): void => {
    unsubscribe(CREATED, listener)
    const { fastify } = message as { fastify: FastifyInstance<any, any, any, any> }
    if (fastify.server === server) onMet(fastify)
  }
  subscribe(CREATED, listener)
}
