import { BEFORE_RULES, IDENTIFIES } from '@peerkit/identity/internal'
import type { FastifyInstance, onRequestHookHandler, onRouteHookHandler } from 'fastify'
import { listHooks } from './fastify-internals.ts'

/**
 * Moves the authorization hook ahead of the onRequest hooks that were added before the plugin. Later hooks and those of
 * routes run after it anyway.
 *
 * Fastify has no public way to do so: its hooks run in the order in which they were added, and a hook that answers ends
 * the request. A caching or redirecting hook one line above the plugin would answer clients that were never authorized.
 * Only hooks that identify the peer stay ahead, and behind them those that are marked as running before the rules. If
 * no hook is marked as such, the authorization hook stays behind all, since one of them may identify the peer.
 * `countAhead` returns how many then precede it.
 *
 * @throws MTLS_ERR_PLUGIN_ORDER if this version of Fastify keeps its hooks in an unknown way
 */
export function placeHook (app: FastifyInstance, authorize: onRequestHookHandler): void {
  for (const hooks of listOnRequestHooks(app)) {
    const earlier = hooks.filter((hook) => hook !== authorize)
    const identifying = earlier.filter(identifies)
    if (identifying.length === 0) continue
    const others = earlier.filter((hook) => !identifies(hook))
    const [ahead, rest] = [others.filter(isBeforeRules), others.filter((hook) => !isBeforeRules(hook))]
    hooks.splice(0, hooks.length, ...identifying, ...ahead, authorize, ...rest)
  }
}

/** How many hooks run before the authorization hook that are not marked as identifying the peer. */
export function countAhead (app: FastifyInstance, authorize: onRequestHookHandler): number {
  return Math.max(...listOnRequestHooks(app)
    .map((hooks) => hooks.slice(0, hooks.indexOf(authorize)).filter((hook) => !identifies(hook)).length))
}

function identifies (hook: Function): boolean {
  return (hook as { [IDENTIFIES]?: unknown })[IDENTIFIES] === true
}

function isBeforeRules (hook: Function): boolean {
  return (hook as { [BEFORE_RULES]?: unknown })[BEFORE_RULES] === true
}

/** Adds an onRoute hook to plugins that were encapsulated earlier. Fastify passes it to later ones only. */
export function watchEarlierPlugins (app: FastifyInstance, onRoute: onRouteHookHandler): void {
  for (const hooks of listHooks(app).slice(1)) hooks.onRoute.push(onRoute)
}

function listOnRequestHooks (app: object): Function[][] {
  return listHooks(app).map(({ onRequest }) => onRequest)
}
