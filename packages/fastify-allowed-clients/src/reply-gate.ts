import type { FastifyReply, FastifyRequest, onSendHookHandler } from 'fastify'

/** Set on a request that the authorization hook has checked. */
export const kJudged: unique symbol = Symbol('peerkit.judged')

export type JudgedRequest = FastifyRequest & { [kJudged]: boolean }

/**
 * Makes an onSend hook for an app in which other onRequest hooks run before the authorization hook. If such a hook
 * answers a request, the request is authorized before the answer is sent. Errors are sent unchecked: they are not
 * answers of a route.
 */
export function gateReply (judge: (request: FastifyRequest) => void | Promise<void>): onSendHookHandler<unknown> {
  return function gateAllowedClients (request, reply, payload, done) {
    if ((request as JudgedRequest)[kJudged] || reply.statusCode >= 400) done(null, payload)
    else judgeLate(request, reply, payload, judge).then((answer) => { done(null, answer) }, done)
  }
}

async function judgeLate (
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
  judge: (request: FastifyRequest) => void | Promise<void>
): Promise<unknown> {
  try {
    await judge(request)
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
