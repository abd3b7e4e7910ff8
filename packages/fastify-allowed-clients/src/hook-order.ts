import type { FastifyInstance, onRequestHookHandler, onRouteHookHandler } from 'fastify'
import { MTLS_ERR_PLUGIN_ORDER } from './errors.ts'

/** On an onRequest hook that identifies the peer. Only such hooks run before the authorization hook. */
const kIdentifies = Symbol.for('peerkit.identifies')

interface Internals { readonly hooks: { readonly onRequest: Function[], readonly onRoute: Function[] } }

/**
 * Moves the authorization hook ahead of the onRequest hooks that were added before the plugin. Later hooks and those of
 * routes run after it anyway.
 *
 * Fastify has no public way to do so: its hooks run in the order in which they were added, and a hook that answers ends
 * the request. A caching or redirecting hook one line above the plugin would answer clients that were never authorized.
 * Only hooks that identify the peer stay ahead. If no hook is marked as such, the authorization hook stays behind all,
 * since one of them may identify the peer. `countAhead` returns how many then precede it.
 *
 * @throws MTLS_ERR_PLUGIN_ORDER if this version of Fastify keeps its hooks in an unknown way
 */
export function placeHook (app: FastifyInstance, authorize: onRequestHookHandler): void {
  for (const hooks of listOnRequestHooks(app)) {
    const earlier = hooks.filter((hook) => hook !== authorize)
    const identifying = earlier.filter(identifies)
    if (identifying.length === 0) continue
    const rest = earlier.filter((hook) => !identifies(hook))
    hooks.splice(0, hooks.length, ...identifying, authorize, ...rest)
  }
}

/** How many hooks run before the authorization hook that are not marked as identifying the peer. */
export function countAhead (app: FastifyInstance, authorize: onRequestHookHandler): number {
  return Math.max(...listOnRequestHooks(app)
    .map((hooks) => hooks.slice(0, hooks.indexOf(authorize)).filter((hook) => !identifies(hook)).length))
}

function identifies (hook: Function): boolean {
  return (hook as { [kIdentifies]?: unknown })[kIdentifies] === true
}

/** Adds an onRoute hook to plugins that were encapsulated earlier. Fastify passes it to later ones only. */
export function watchEarlierPlugins (app: FastifyInstance, onRoute: onRouteHookHandler): void {
  for (const { hooks } of listInstances(app).slice(1)) hooks.onRoute.push(onRoute)
}

function listOnRequestHooks (app: object): Function[][] {
  return listInstances(app).map(({ hooks }) => hooks.onRequest)
}

/** The hook lists of an instance and of those encapsulated in it so far. */
function listInstances (instance: object): Internals[] {
  const hooks = readSymbol(instance, 'fastify.hooks') as Internals['hooks'] | undefined
  const children = readSymbol(instance, 'fastify.children')
  if (!Array.isArray(hooks?.onRequest) || !Array.isArray(hooks?.onRoute) || !Array.isArray(children)) {
    throw new MTLS_ERR_PLUGIN_ORDER('this version of Fastify keeps its hooks in an unknown way; expected fastify 5')
  }
  return [{ hooks }, ...children.flatMap((child) => listInstances(child))]
}

/** The value of a symbol of Fastify, by its description, that an instance has itself. */
export function readSymbol (instance: object, description: string): unknown {
  const symbol = Object.getOwnPropertySymbols(instance).find((one) => one.description === description)
  return symbol === undefined ? undefined : (instance as Record<symbol, unknown>)[symbol]
}
