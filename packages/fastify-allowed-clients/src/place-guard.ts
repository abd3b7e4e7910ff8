import type { FastifyInstance, onRequestHookHandler } from 'fastify'
import { MTLS_ERR_GUARD_MISPLACED } from './errors.ts'

/** On an onRequest hook that finds out who the peer is: the only kind that runs before the guard. */
const kIdentifies = Symbol.for('peerkit.identifies')

interface Internals { readonly hooks: { readonly onRequest: Function[] }, readonly children: readonly object[] }

/**
 * Puts the guard ahead of the onRequest hooks that were added before the plugin; those that are added later run after it by Fastify's own order, as do a route's own.
 *
 * Fastify has no public way to do so: its hooks run in the order of their adding, and a hook that answers ends the request. An app that adds a caching or redirecting hook one line above
 * the plugin would answer clients that were never judged. Only hooks that say that they find out who the peer is stay ahead. Where none says so the guard stays behind all, since one of them
 * may be what identifies the peer; `countAhead` tells how many then precede it.
 *
 * @throws MTLS_ERR_GUARD_MISPLACED where this Fastify keeps its hooks otherwise than we know
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

/** The live lists of the instance and of the plugins that were encapsulated in it before: each has its own. */
function listOnRequestHooks (instance: object): Function[][] {
  const { hooks, children } = readInternals(instance)
  return [hooks.onRequest, ...children.flatMap((child) => listOnRequestHooks(child))]
}

function readInternals (instance: object): Internals {
  const hooks = readSymbol(instance, 'fastify.hooks') as Partial<Internals['hooks']> | undefined
  const children = readSymbol(instance, 'fastify.children')
  if (!Array.isArray(hooks?.onRequest) || !Array.isArray(children)) throw new MTLS_ERR_GUARD_MISPLACED('this version of Fastify keeps its hooks in a way that is not known; expected fastify 5')
  return { hooks: { onRequest: hooks.onRequest }, children }
}

function readSymbol (instance: object, description: string): unknown {
  const symbol = Object.getOwnPropertySymbols(instance).find((one) => one.description === description)
  return symbol === undefined ? undefined : (instance as Record<symbol, unknown>)[symbol]
}
