import type { FastifyInstance, onRequestHookHandler, onRouteHookHandler } from 'fastify'
import { MTLS_ERR_PLUGIN_ORDER } from './errors.ts'

/** On an onRequest hook that finds out who the peer is: the only kind that runs before the guard. */
const kIdentifies = Symbol.for('peerkit.identifies')

interface Internals { readonly hooks: { readonly onRequest: Function[], readonly onRoute: Function[] } }

/**
 * Puts the guard ahead of the onRequest hooks that were added before the plugin; those that are added later run after it by Fastify's own order, as do a route's own.
 *
 * Fastify has no public way to do so: its hooks run in the order of their adding, and a hook that answers ends the request. An app that adds a caching or redirecting hook one line above
 * the plugin would answer clients that were never judged. Only hooks that say that they find out who the peer is stay ahead. Where none says so the guard stays behind all, since one of them
 * may be what identifies the peer; `countAhead` tells how many then precede it.
 *
 * @throws MTLS_ERR_PLUGIN_ORDER where this Fastify keeps its hooks otherwise than we know
 */
export function placeGuard (app: FastifyInstance, guard: onRequestHookHandler): void {
  for (const hooks of listOnRequestHooks(app)) {
    const earlier = hooks.filter((hook) => hook !== guard)
    const identifying = earlier.filter(identifies)
    if (identifying.length === 0) continue
    const rest = earlier.filter((hook) => !identifies(hook))
    hooks.splice(0, hooks.length, ...identifying, guard, ...rest)
  }
}

/** How many hooks run before the guard that do not say that they find out who the peer is. */
export function countAhead (app: FastifyInstance, guard: onRequestHookHandler): number {
  return Math.max(...listOnRequestHooks(app).map((hooks) => hooks.slice(0, hooks.indexOf(guard)).filter((hook) => !identifies(hook)).length))
}

function identifies (hook: Function): boolean {
  return (hook as { [kIdentifies]?: unknown })[kIdentifies] === true
}

/** Lets an onRoute hook see the routes of plugins that were encapsulated before it was added: Fastify hands it down to later ones only. */
export function watchEarlierPlugins (app: FastifyInstance, onRoute: onRouteHookHandler): void {
  for (const { hooks } of listInstances(app).slice(1)) hooks.onRoute.push(onRoute)
}

function listOnRequestHooks (app: object): Function[][] { return listInstances(app).map(({ hooks }) => hooks.onRequest) }

/** An instance and those that were encapsulated in it so far: each has lists of its own, and these are the live ones. */
function listInstances (instance: object): Internals[] {
  const hooks = readSymbol(instance, 'fastify.hooks') as Internals['hooks'] | undefined
  const children = readSymbol(instance, 'fastify.children')
  if (!Array.isArray(hooks?.onRequest) || !Array.isArray(hooks?.onRoute) || !Array.isArray(children)) {
    throw new MTLS_ERR_PLUGIN_ORDER('this version of Fastify keeps its hooks in a way that is not known; expected fastify 5')
  }
  return [{ hooks }, ...children.flatMap((child) => listInstances(child))]
}

function readSymbol (instance: object, description: string): unknown {
  const symbol = Object.getOwnPropertySymbols(instance).find((one) => one.description === description)
  return symbol === undefined ? undefined : (instance as Record<symbol, unknown>)[symbol]
}
