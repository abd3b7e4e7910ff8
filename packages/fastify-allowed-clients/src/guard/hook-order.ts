import { BEFORE_RULES, IDENTIFIES } from '@peerkit/identity/internal'
import type {
  FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler, onRouteHookHandler, onSendHookHandler
} from 'fastify'
import { hooksOf } from '../fastify-internals.ts'
import type { RoutePolicy } from '../policy/route-requirements.ts'
import { authorizeRequest } from './authorize-request.ts'
import { asksForUpgrade, authorizeUpgrade } from './upgrades.ts'
import type { UpgradedClients } from './upgrades.ts'

/** Set on a request that the authorization hook has checked. */
const kAuthorized: unique symbol = Symbol('peerkit.authorized')

type AuthorizedRequest = FastifyRequest & { [kAuthorized]: boolean }

/**
 * Adds the hook that authorizes every request, ahead of the hooks that were added before the plugin.
 *
 * @param findPolicy returns the policy of a request's route under the current rules
 */
export async function addAuthorization (
  app: FastifyInstance, findPolicy: (request: FastifyRequest) => RoutePolicy, upgraded: UpgradedClients
): Promise<void> {
  let checksReplies = false
  const authorize: onRequestHookHandler = function authorizeAllowedClients (request, reply, done) {
    if (checksReplies) (request as AuthorizedRequest)[kAuthorized] = true
    if (asksForUpgrade(request)) return authorizeUpgrade(request, reply, findPolicy, upgraded) as unknown as void
    const authorized = authorizeRequest(request, findPolicy)
    if (authorized === undefined) done()
    else return authorized as unknown as void
  }
  app.addHook('onRequest', authorize)
  await app.after()
  placeHook(app, authorize)
  checksReplies = countAhead(app, authorize) > 0
  if (!checksReplies) return
  app.decorateRequest(kAuthorized as unknown as string, false)
  app.addHook('onSend', authorizeReply((request) => authorizeRequest(request, findPolicy)))
}

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
 * @throws PluginOrderError if this version of Fastify keeps its hooks in an unknown way
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
function countAhead (app: FastifyInstance, authorize: onRequestHookHandler): number {
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
  for (const hooks of hooksOf(app).slice(1)) hooks.onRoute.push(onRoute)
}

function listOnRequestHooks (app: object): Function[][] {
  return hooksOf(app).map(({ onRequest }) => onRequest)
}

/**
 * Makes an onSend hook for an app in which other onRequest hooks run before the authorization hook. If such a hook
 * answers a request, the request is authorized before the answer is sent. Errors are sent unchecked: they are not
 * answers of a route.
 */
function authorizeReply (
  authorize: (request: FastifyRequest) => void | Promise<void>
): onSendHookHandler<unknown> {
  return function authorizeEarlyReply (request, reply, payload, done) {
    if ((request as AuthorizedRequest)[kAuthorized] || reply.statusCode >= 400) done(null, payload)
    else authorizeLate(request, reply, payload, authorize).then((answer) => { done(null, answer) }, done)
  }
}

async function authorizeLate (
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
  authorize: (request: FastifyRequest) => void | Promise<void>
): Promise<unknown> {
  try {
    await authorize(request)
    return payload
  } catch (error) {
    // A stream that is not sent must be destroyed, or it keeps its file or socket open.
    const { destroy } = (payload ?? {}) as { destroy?: unknown }
    if (typeof destroy === 'function') (payload as { destroy (): void }).destroy()
    return refuse(reply, error as { statusCode?: number, code?: string, message: string })
  }
}

/** Replaces the reply. Headers of the early hook (cookies, a location) were meant for an allowed client. */
function refuse (
  reply: FastifyReply, { statusCode = 500, code, message }: { statusCode?: number, code?: string, message: string }
): string {
  for (const name of Object.keys(reply.getHeaders())) reply.removeHeader(name)
  reply.code(statusCode).header('content-type', 'application/json; charset=utf-8')
  const isOurs = code?.startsWith('MTLS_ERR_') === true
  return JSON.stringify({
    statusCode,
    ...(isOurs ? { code } : {}),
    error: statusCode === 401 ? 'Unauthorized' : statusCode === 403 ? 'Forbidden' : 'Internal Server Error',
    message: isOurs ? message : 'Internal Server Error'
  })
}
