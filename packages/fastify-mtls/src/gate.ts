import type { Server as HttpsServer } from 'node:https'
import type { Http2SecureServer } from 'node:http2'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { summarizeCertificate } from '@peerkit/identity/x509'
import { createRecord, recordOfRequest, recordOfStream, rememberSession } from './connection-record.ts'
import type { ConnectionWatch } from './connection-watch.ts'
import { ExplanationLimits } from './explanation-limits.ts'
import { Guard } from './guard.ts'
import { describeConnection } from './handshake-reporter.ts'
import type { ConnectionFacts, HandshakeReporter } from './handshake-reporter.ts'
import { keepPresentedChain, meetTlsSocket, readLeaf, rememberRawSocket, resetConnection } from './node-internals.ts'
import type { RefusalReason } from './refusal.ts'
import type { Trust } from './trust.ts'
import { verifyHandshake } from './verify-handshake.ts'
import type { HandshakeResult } from './verify-handshake.ts'

export type MtlsServer = HttpsServer | Http2SecureServer

type Emit = (this: MtlsServer, ...args: any[]) => boolean

export interface GateOptions {
  readonly trust: Trust
  readonly watch: ConnectionWatch
  readonly reporter: HandshakeReporter
  /** Whether a client may come without a certificate. */
  readonly allowAnonymous: boolean
  /** How long an answer about revocation may take, in milliseconds. */
  readonly revocationTimeout: number
  /** Called when a resumed session was refused because its path cannot be built here. */
  readonly onSessionUnknown: () => void
}

/**
 * Stands between TLS and HTTP. Every event by which a server hands a connection or a request on goes through `emit`, so that is where the gate is. No
 * listener sees a connection before its certificate was verified, or a request on a connection whose certificate is no longer accepted.
 */
export class Gate {
  readonly #options: GateOptions
  readonly #guard: Guard
  readonly #explanations = new ExplanationLimits()
  /** The servers that have listened once: what comes when one of them does not any more comes too late. */
  readonly #listened = new WeakSet<MtlsServer>()

  constructor (options: GateOptions) {
    this.#options = options
    this.#guard = new Guard(options.watch)
  }

  install (server: MtlsServer): void {
    const guard = this.#guard
    const gate = this
    const emit = server.emit as Emit
    const resume = (args: any[]) => (): boolean => emit.apply(server, args)
    // Every request comes by here: no closure and no array is made for one that is let through. Answers as `emit` does: whether somebody took the event.
    function guarded (event: string, first: any, second: any): boolean {
      const given = arguments as unknown as any[]
      switch (event) {
        case 'listening':
          gate.#listened.add(server)
          break
        case 'connection':
          return meetTlsSocket(resume(given), (socket) => { gate.#meet(socket, first) })
        case 'secureConnection':
          gate.#admit(first, server, emit)
          return true
        case 'stream':
          if (guard.isOpen(recordOfStream(first))) break
          guard.stream(first, resume(given))
          return true
        case 'request':
        case 'checkContinue':
        case 'checkExpectation':
          // HTTP/2's own request event follows a stream that was let through.
          if (first.stream !== undefined || guard.isOpen(recordOfRequest(first))) break
          guard.request(first, second, resume(given))
          return true
        case 'upgrade':
        case 'connect':
          if (first.stream !== undefined) break
          guard.upgrade(first, second, resume(given))
          return true
        case 'tlsClientError':
          gate.#options.reporter.broken(first, second)
      }
      return emit.apply(server, given)
    }
    server.emit = guarded as typeof server.emit
  }

  /** Reads what the client presents before Node looks at it, where OpenSSL accepted it. */
  #meet (socket: TLSSocket, raw: Socket): void {
    rememberRawSocket(socket, raw)
    socket.prependOnceListener('secure', () => { keepPresentedChain(socket, (code) => this.#options.trust.overrules(code) || this.#explanations.start(code)) })
  }

  #admit (socket: TLSSocket, server: MtlsServer, emit: Emit): void {
    // Whose certificate was verified is who stays: TLS 1.2 lets a client come back with another one.
    socket.disableRenegotiation()
    const begun = performance.now()
    const verified = this.#verify(socket)
    if (!(verified instanceof Promise)) {
      this.#conclude(socket, server, verified, emit, begun)
      return
    }
    const ignore = (): void => {}
    socket.on('error', ignore)
    // The client may hang up meanwhile. It is reported all the same.
    const facts = describeConnection(socket)
    let concluded = false
    const conclude = (result: HandshakeResult): void => {
      if (concluded) return
      concluded = true
      clearTimeout(timer)
      socket.off('error', ignore)
      if ('refusal' in result || !socket.destroyed) this.#conclude(socket, server, result, emit, begun, facts)
    }
    const timer = setTimeout(() => { conclude(refuse(socket, 'timeout', 'no answer about revocation came in time')) }, this.#options.revocationTimeout).unref()
    verified.then(conclude, () => { conclude(refuse(socket, 'revocation_unknown', 'the revocation checker failed')) })
  }

  #verify (socket: TLSSocket): HandshakeResult | Promise<HandshakeResult> {
    const { trust, allowAnonymous } = this.#options
    try {
      return verifyHandshake(socket, { trust, allowAnonymous, onExplained: (isStranger) => { this.#explanations.end(isStranger) } })
    } catch (error) {
      return refuse(socket, 'unreadable', `the certificate could not be checked: ${(error as Error).message}`)
    }
  }

  #conclude (socket: TLSSocket, server: MtlsServer, result: HandshakeResult, emit: Emit, begun: number, facts?: ConnectionFacts): void {
    const { watch, reporter } = this.#options
    const durationMs = performance.now() - begun
    if ('refusal' in result) {
      reporter.refused(facts ?? describeConnection(socket), result.refusal, durationMs)
      if (result.refusal.reason === 'resumption_refused') this.#options.onSessionUnknown()
      socket.on('error', () => {})
      if (socket.isSessionReused()) resetConnection(socket)
      else socket.destroy()
      return
    }
    // A server that was closed meanwhile would wait for this connection.
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
    // An HTTP/2 session is made within this very emit.
    server.prependOnceListener('session' as any, onSession as any)
    emit.call(server, 'secureConnection', socket)
    server.off('session' as any, onSession as any)
  }
}

/** A refusal that came about while the certificate was verified. */
function refuse (socket: TLSSocket, reason: RefusalReason, message: string): HandshakeResult {
  const leaf = readLeaf(socket)
  const detail = { step: reason, message, certificate: leaf === undefined ? undefined : summarizeCertificate(leaf) }
  return { refusal: { reason, code: undefined, leaf: () => leaf, detail: () => detail } }
}
