import type { IncomingMessage } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import type { Http2SecureServer, ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { HandshakeReason } from '@peerkit/events'
import { explainedChains, isThenable, overruledChains, readLeaf, withTimeout } from '@peerkit/identity/internal'
import { summarizeCertificate } from '@peerkit/identity/x509'
import { createRecord, recordOfRequest, recordOfStream, rememberSession } from '../connection/connection-record.ts'
import type { ConnectionWatch } from '../connection/connection-watch.ts'
import { ExplanationLimits } from './rate-limit.ts'
import { RequestGate } from '../connection/request-gate.ts'
import { describeConnection } from './handshake-reporter.ts'
import type { ConnectionFacts, HandshakeReporter } from './handshake-reporter.ts'
import { keepPresentedChain, meetTlsSocket, rememberRawSocket, resetConnection } from './node-internals.ts'
import type { Trust } from './trust.ts'
import { verifyHandshake } from './verify-handshake.ts'
import type { HandshakeResult } from './verify-handshake.ts'

export type MtlsServer = HttpsServer | Http2SecureServer

type Emit = (this: MtlsServer, ...args: any[]) => boolean

export interface HandshakeGateOptions {
  readonly trust: Trust
  readonly watch: ConnectionWatch
  readonly reporter: HandshakeReporter
  /** Whether clients without a certificate are accepted. */
  readonly allowAnonymous: boolean
  /** Milliseconds to wait for an answer about revocation. */
  readonly revocationTimeout: number
  /**
   * Called when a resumed session was refused, and a full handshake of its client might not be.
   *
   * @param isPathKnown whether verified signatures lead from its certificate to a trusted CA
   */
  readonly onSessionRefused: (isPathKnown: boolean) => void
  /** Takes over an upgrade; undefined if the server's own listeners get it. */
  readonly onUpgrade: (
    server: MtlsServer, request: IncomingMessage, socket: Duplex, head: Buffer
  ) => boolean | undefined
  /** Takes over a request; undefined if the server's own listeners get it. */
  readonly onRequest: (server: MtlsServer, request: IncomingMessage, response: object) => boolean | undefined
  /** Called for each CONNECT of HTTP/2 on a connection that is accepted. */
  readonly onTunnel: (server: MtlsServer, stream: ServerHttp2Stream) => void
}

/**
 * Verifies client certificates between TLS and HTTP. A server passes every connection and request through `emit`, so
 * the checks are installed there. No listener sees a connection before its certificate was verified, or a request on a
 * connection whose certificate is no longer accepted.
 */
export class HandshakeGate {
  readonly #options: HandshakeGateOptions
  readonly #requestGate: RequestGate
  readonly #explanations = new ExplanationLimits()
  /**
   * Open TCP connections, with what ends each: its TLS socket, once there is one. Node's server knows only those that
   * have sent a request.
   */
  readonly #open = new Map<Socket, Socket>()
  /** Servers that have listened. A connection that arrives after such a server stopped listening is closed. */
  readonly #listened = new WeakSet<MtlsServer>()

  constructor (options: HandshakeGateOptions) {
    this.#options = options
    this.#requestGate = new RequestGate(options.watch)
  }

  install (server: MtlsServer): void {
    const requestGate = this.#requestGate
    const gate = this
    const emit = server.emit as Emit
    const resume = (args: any[]) => (): boolean => emit.apply(server, args)
    // This runs for every request, so it allocates no closure and no array for an accepted one. Returns what `emit`
    // returns: whether there was a listener.
    function emitChecked (event: string, first: any, second: any): boolean {
      const given = arguments as unknown as any[]
      switch (event) {
        case 'listening':
          gate.#listened.add(server)
          break
        case 'connection':
          gate.#remember(first)
          return meetTlsSocket(resume(given), (socket) => { gate.#meet(socket, first) })
        case 'secureConnection':
          gate.#admit(first, server, emit)
          return true
        case 'stream':
          if (requestGate.isOpen(recordOfStream(first))) break
          requestGate.stream(first, resume(given))
          return true
        case 'request':
          // The request event of HTTP/2 follows a stream that was accepted.
          if (first.stream !== undefined || requestGate.isOpen(recordOfRequest(first))) {
            if (gate.#options.onRequest(server, first, second) !== undefined) return true
            break
          }
          requestGate.request(
            first, second, () => gate.#options.onRequest(server, first, second) ?? emit.apply(server, given)
          )
          return true
        case 'checkContinue':
        case 'checkExpectation':
          if (first.stream !== undefined || requestGate.isOpen(recordOfRequest(first))) break
          requestGate.request(first, second, resume(given))
          return true
        case 'upgrade':
          requestGate.upgrade(
            first, second, () => gate.#options.onUpgrade(server, first, second, given[3]) ?? emit.apply(server, given)
          )
          return true
        case 'connect':
          if (first.stream !== undefined) {
            gate.#options.onTunnel(server, first.stream)
            break
          }
          requestGate.upgrade(first, second, resume(given))
          return true
        case 'tlsClientError':
          gate.#options.reporter.broken(first, second)
      }
      return emit.apply(server, given)
    }
    server.emit = emitChecked as typeof server.emit
  }

  /** Ends every connection that is still open, also those that never sent a request. */
  closeConnections (): void {
    for (const socket of this.#open.values()) socket.destroy()
  }

  #remember (socket: Socket): void {
    this.#open.set(socket, socket)
    socket.once('close', () => { this.#open.delete(socket) })
  }

  /** Reads what the client presents before Node does, if OpenSSL accepted it or its refusal is to be explained. */
  #meet (socket: TLSSocket, raw: Socket): void {
    rememberRawSocket(socket, raw)
    if (this.#open.has(raw)) this.#open.set(raw, socket)
    socket.prependOnceListener('secure', () => {
      keepPresentedChain(socket, (code) => {
        if (this.#options.trust.overrules(code)) return overruledChains
        return this.#explanations.start(code) ? explainedChains : undefined
      })
    })
  }

  #admit (socket: TLSSocket, server: MtlsServer, emit: Emit): void {
    // In TLS 1.2 a client could present another certificate by renegotiating.
    socket.disableRenegotiation()
    const begun = performance.now()
    const verified = this.#verify(socket)
    if (!isThenable(verified)) {
      this.#conclude(socket, server, verified, emit, begun)
      return
    }
    const ignore = (): void => {}
    socket.on('error', ignore)
    // The client may hang up in the meantime. The refusal is reported all the same.
    const facts = describeConnection(socket)
    withTimeout(verified, {
      timeout: this.#options.revocationTimeout,
      onTimeout: () => failCheck(socket, 'timeout', 'no answer about revocation came in time')
    }).catch(() => failCheck(socket, 'revocation_unknown', 'the revocation checker failed')).then((result) => {
      socket.off('error', ignore)
      if ('refusal' in result || !socket.destroyed) this.#conclude(socket, server, result, emit, begun, facts)
    })
  }

  #verify (socket: TLSSocket): HandshakeResult | Promise<HandshakeResult> {
    const { trust, allowAnonymous } = this.#options
    try {
      return verifyHandshake(socket, {
        trust, allowAnonymous, onExplained: (isStranger) => { this.#explanations.end(isStranger) }
      })
    } catch (error) {
      return failCheck(socket, 'unreadable', `the certificate could not be checked: ${(error as Error).message}`)
    }
  }

  #conclude (
    socket: TLSSocket, server: MtlsServer, result: HandshakeResult, emit: Emit, begun: number, facts?: ConnectionFacts
  ): void {
    const { watch, reporter } = this.#options
    const durationMs = performance.now() - begun
    if ('refusal' in result) {
      reporter.refused(facts ?? describeConnection(socket), result.refusal, durationMs)
      const { isSessionAtFault, reason } = result.refusal
      if (isSessionAtFault === true) this.#options.onSessionRefused(reason !== 'resumption_refused')
      socket.on('error', () => {})
      // Node may crash if a socket that was destroyed meanwhile is asked.
      if (!socket.destroyed && socket.isSessionReused()) resetConnection(socket)
      else socket.destroy()
      return
    }
    // A server that was closed in the meantime would wait for this connection.
    if (this.#listened.has(server) && !server.listening) {
      socket.destroy()
      return
    }
    const record = createRecord(socket, result.decision === undefined ? undefined : result)
    if (record.decision !== undefined) {
      watch.follow(record)
      reporter.identified(record, durationMs)
    }
    const onSession = (session: Parameters<typeof rememberSession>[0]): void => { rememberSession(session, record) }
    // An HTTP/2 session is created synchronously within this emit.
    server.prependOnceListener('session' as any, onSession as any)
    emit.call(server, 'secureConnection', socket)
    server.off('session' as any, onSession as any)
  }
}

/** The result where the check itself failed, so that nothing is known of the certificate. */
function failCheck (socket: TLSSocket, reason: HandshakeReason, message: string): HandshakeResult {
  const leaf = readLeaf(socket)
  const detail = { step: reason, message, certificate: leaf === undefined ? undefined : summarizeCertificate(leaf) }
  return { refusal: { reason, code: undefined, leaf: () => leaf, detail: () => detail } }
}
