import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { Duplex } from 'node:stream'
import { answerOf, answerUpgrade } from '../connection/request-gate.ts'
import { pathOf } from '../connection/upgrade-watch.ts'
import type { UpgradeListeners } from '../connection/upgrade-watch.ts'
import { PeerMissingError, ServerOptionError } from '../errors.ts'
import type { MtlsServer } from '../handshake/handshake-gate.ts'
import { peerOfRequest } from '../request/request-peer.ts'

/** Events whose listeners answer clients. Those of Fastify are there before any other code has the server. */
const ANSWERING = ['upgrade', 'connect', 'request', 'stream', 'checkContinue', 'checkExpectation'] as const

interface ConnectLog { warn (fields: object, message: string): void }

type Listener = Function & { readonly listener?: Function }

/** Listeners on the raw server, which answer clients without any route, and so without any rule. */
export class RawListeners {
  readonly #server: MtlsServer
  readonly #own = new Set<Function>()

  /** @param log returns the log of the app, once it is known */
  constructor (server: MtlsServer, log: () => ConnectLog | undefined) {
    this.#server = server
    refuseConnect(server, log)
    for (const event of ANSWERING) for (const listener of server.rawListeners(event)) this.#own.add(listener)
  }

  /** Why the server must not listen; undefined if it may. */
  findFault (isGuarded: boolean): Error | undefined {
    for (const event of ANSWERING) {
      const found = this.#server.rawListeners(event).some((listener) => this.#isForeign(event, listener))
      if (found && !(isGuarded && event === 'upgrade')) return makeFault(event)
    }
    return undefined
  }

  /** Refuses listeners that are added while the server listens. @throws ServerOptionError to who adds one */
  refuseLater (mayAnswer: () => boolean, isGuarded: () => boolean): void {
    this.#server.on('newListener', (event: string | symbol, listener: Function) => {
      const answering = ANSWERING.find((one) => one === event)
      if (!this.#server.listening || answering === undefined || !this.#isForeign(answering, listener)) return
      if (mayAnswer() || (isGuarded() && answering === 'upgrade')) return
      throw makeFault(answering)
    })
  }

  listUpgrades (): UpgradeListeners {
    const all = this.#server.rawListeners('upgrade')
    return {
      routing: all.filter((listener) => !this.#isForeign('upgrade', listener)),
      foreign: all.filter((listener) => this.#isForeign('upgrade', listener))
    }
  }

  #isForeign (event: typeof ANSWERING[number], listener: Listener): boolean {
    return !this.#own.has(listener) && !(event === 'upgrade' && isRouting(this.#server, listener.listener ?? listener))
  }
}

/**
 * Whether a listener gives upgrades to the router, as those of @fastify/websocket and @fastify/http-proxy do. It only
 * decides whether the app starts: what a listener writes to a socket that no route got is refused all the same.
 */
function isRouting (server: object, listener: Function): boolean {
  // @fastify/http-proxy keeps its listener under this symbol.
  const isProxy = Object.getOwnPropertySymbols(server).some((symbol) =>
    symbol.description === 'wsUpgradeListener' && (server as Record<symbol, unknown>)[symbol] === listener)
  return isProxy || /\.routing\s*\(/.test(Function.prototype.toString.call(listener))
}

function makeFault (event: string): Error {
  return new ServerOptionError(
    `the raw server has a listener for "${event}" (WebSocketServer({ server }), Socket.IO, app.server.on()): it ` +
      'answers clients without any route, so no rule holds for it; expected ' + (event === 'upgrade'
      ? 'a route of @fastify/websocket, or app.mtls.guardUpgrades(rules) before listen()'
      : 'a route, or a server of its own for this listener')
  )
}

/**
 * Refuses CONNECT, which no route serves. Without a listener Node would close an HTTP/1.1 socket without an answer, and
 * no line would say so.
 */
function refuseConnect (server: MtlsServer, log: () => ConnectLog | undefined): void {
  server.on('connect', (request: IncomingMessage | Http2ServerRequest, answering: Duplex | Http2ServerResponse) => {
    // An app without the plugin may have a listener of its own.
    if (server.listenerCount('connect') > 1) return
    const peer = peerOfRequest(request)
    const answer = answerOf(peer === null ? new PeerMissingError() : { statusCode: 405 })
    log()?.warn({
      method: 'CONNECT',
      path: pathOf(request.url),
      statusCode: answer.status,
      peer: peer?.toString(),
      fingerprint256: peer?.fingerprint256,
      remoteAddress: request.socket.remoteAddress
    }, 'CONNECT refused: no route serves it')
    if ('stream' in answering) answering.writeHead(answer.status, answer.headers).end(answer.body)
    else answerUpgrade(answering, answer)
  })
}
