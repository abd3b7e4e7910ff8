import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { IssuerError } from '../errors.ts'
import type { ChallengeHook, Http01Answer } from './challenges.ts'
import { http01Responder } from './http01-responder.ts'
import type { Http01Responder } from './http01-responder.ts'

/** Where the challenge http-01 is answered. A CA always asks at port 80 of the name. */
export interface Http01ListenerOptions {
  /** The port. Default 80. Another one needs a forwarding from port 80. */
  readonly port?: number | undefined
  /** The address. Default: all addresses of this machine. */
  readonly host?: string | undefined
}

/** A CA asks from a few places at once; nobody else has to get an answer. Milliseconds where it is a time. */
const LIMITS = { requestTimeout: 5_000, headersTimeout: 5_000, keepAliveTimeout: 1, maxHeaderSize: 8_192 }
const MOST_CONNECTIONS = 64

/** A listener of this process, and who uses it. */
interface Shared {
  readonly responder: Http01Responder
  readonly server: Promise<Server>
  users: number
}

/** By address and port: issuers of one process share a listener. */
const listeners = new Map<string, Shared>()

/**
 * Answers http-01 on a listener of its own. It is open only while a challenge is to be met.
 *
 * @throws IssuerError (`challenge`) from `set`, if it cannot listen
 */
export function http01Listener ({ port = 80, host }: Http01ListenerOptions): ChallengeHook<Http01Answer> {
  const place = `${host ?? 'all addresses'}, port ${port}`
  const begun = new Map<string, Shared>()
  return {
    async set (answer) {
      const shared = listeners.get(place) ?? open({ port, host, place })
      shared.users += 1
      begun.set(answer.token, shared)
      await shared.responder.set(answer, new AbortController().signal)
      await shared.server
    },
    async remove (answer) {
      const shared = begun.get(answer.token)
      if (shared === undefined) return
      begun.delete(answer.token)
      await shared.responder.remove(answer)
      const server = await shared.server.catch(() => undefined)
      shared.users -= 1
      if (shared.users > 0) return
      // In one turn, so that whoever listens next finds the port free.
      listeners.delete(place)
      if (server !== undefined) await close(server)
    }
  }
}

function open (at: Place): Shared {
  const responder = http01Responder()
  const shared = { responder, server: listen(responder, at), users: 0 }
  listeners.set(at.place, shared)
  return shared
}

interface Place extends Http01ListenerOptions {
  /** Where it is, for errors. */
  readonly place: string
}

async function listen (responder: Http01Responder, { port, host, place }: Place): Promise<Server> {
  const server = createServer(LIMITS, (request, response) => {
    if (!responder.handle(request, response)) response.writeHead(404).end()
  })
  server.maxConnections = MOST_CONNECTIONS
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ port, host, exclusive: true }, resolve)
  try {
    await promise
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const hint = HINTS[code ?? ''] ?? HINT
    const detail = `http-01 cannot listen on ${place}: ${String(code)}; ${hint}`
    throw new IssuerError('challenge', detail, { cause: error })
  }
  return server
}

const HINT = 'expected a port and an address of this machine in challenges.http01'
const HINTS: Readonly<Record<string, string>> = {
  EACCES: 'expected the right to use ports below 1024 (CAP_NET_BIND_SERVICE), or another port, forwarded from 80',
  EADDRINUSE: 'another program listens there. Let it answer: http01Responder(), or forward ' +
    '/.well-known/acme-challenge/ to a port of your own'
}

async function close (server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => { resolve() })
  server.closeAllConnections()
  await promise
}
