import type { FastifyReply, FastifyRequest, onSendHookHandler } from 'fastify'

/** Set on a request that the authorization hook has checked. */
export const kAuthorized: unique symbol = Symbol('peerkit.authorized')

export type AuthorizedRequest = FastifyRequest & { [kAuthorized]: boolean }

/**
 * Makes an onSend hook for an app in which other onRequest hooks run before the authorization hook. If such a hook
 * answers a request, the request is authorized before the answer is sent. Errors are sent unchecked: they are not
 * answers of a route.
 */
export function authorizeReply (
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
