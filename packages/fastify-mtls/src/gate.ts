import type { Server as HttpsServer } from 'node:https'
import type { Http2SecureServer } from 'node:http2'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { createRecord, recordOfRequest, recordOfStream, rememberSession } from './connection-record.ts'
import type { ConnectionWatch } from './connection-watch.ts'
import { Guard } from './guard.ts'
import type { HandshakeReporter } from './handshake-reporter.ts'
import { judgeHandshake } from './judge-handshake.ts'
import type { Judgement } from './judge-handshake.ts'
import type { RefusalReason } from './refusal.ts'
import type { Trust } from './trust.ts'
import { VerifiedChains } from './verified-chains.ts'

export type MtlsServer = HttpsServer | Http2SecureServer

type Emit = (this: MtlsServer, ...args: any[]) => boolean

export interface GateOptions {
  readonly trust: Trust
  readonly watch: ConnectionWatch
  readonly reporter: HandshakeReporter
  /** Whether a client may come without a certificate. */
  readonly mayBeAbsent: boolean
  /** How long a judgement may take, in milliseconds. */
  readonly judgementTimeout: number
}

/**
 * Stands between TLS and HTTP. Every event by which a server hands a connection or a request on goes through `emit`, so that is where the gate is: no listener, of
 * whomever and added whenever, sees a connection before it was judged, or a request of one that no longer stands.
 */
export class Gate {
  readonly #options: GateOptions
  readonly #guard: Guard
  readonly #chains: VerifiedChains
  /** The trust epoch under which each connection that is still shaking hands began, by the client's end of it. */
  readonly #beginnings = new Map<string, number>()

  constructor (options: GateOptions) {
    this.#options = options
    this.#guard = new Guard(options.watch)
    this.#chains = new VerifiedChains(options.trust.credentials)
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
        case 'connection':
          gate.#begin(first)
          break
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

  /** OpenSSL judges by the context that was in force when a connection began. */
  #begin (socket: Socket): void {
    const key = nameConnection(socket)
    if (key === undefined) return
    this.#beginnings.set(key, this.#options.trust.anchorsEpoch)
    socket.once('close', () => { this.#beginnings.delete(key) })
  }

  #admit (socket: TLSSocket, server: MtlsServer, emit: Emit): void {
    // Who was judged is who stays: TLS 1.2 lets a client come back with another certificate.
    socket.disableRenegotiation()
    const begun = performance.now()
    const judgement = this.#judge(socket)
    if (!(judgement instanceof Promise)) {
      this.#conclude(socket, server, judgement, emit, begun)
      return
    }
    const ignore = (): void => {}
    socket.on('error', ignore)
    let concluded = false
    const conclude = (result: Judgement): void => {
      if (concluded) return
      concluded = true
      clearTimeout(timer)
      socket.off('error', ignore)
      if (!socket.destroyed) this.#conclude(socket, server, result, emit, begun)
    }
    const timer = setTimeout(() => { conclude(refuse(socket, 'timeout')) }, this.#options.judgementTimeout).unref()
    judgement.then(conclude, () => { conclude(refuse(socket, 'revocation_unknown')) })
  }

  #judge (socket: TLSSocket): Judgement | Promise<Judgement> {
    const { trust, mayBeAbsent } = this.#options
    try {
      const begun = this.#beginnings.get(nameConnection(socket) ?? '')
      return judgeHandshake(socket, { trust, chains: this.#chains, mayBeAbsent, trustMoved: begun !== trust.anchorsEpoch })
    } catch {
      return refuse(socket, 'unreadable')
    }
  }

  #conclude (socket: TLSSocket, server: MtlsServer, judgement: Judgement, emit: Emit, begun: number): void {
    const { watch, reporter } = this.#options
    const judgedIn = performance.now() - begun
    if ('refusal' in judgement) {
      reporter.refused(socket, judgement.refusal, judgedIn)
      socket.on('error', () => {})
      socket.destroy()
      return
    }
    const record = createRecord(socket, judgement.peer, 'standing' in judgement ? judgement.standing : undefined)
    if (judgement.peer !== null) {
      watch.follow(record)
      reporter.identified(record, judgedIn)
    }
    const onSession = (session: Parameters<typeof rememberSession>[0]): void => { rememberSession(session, record) }
    // An HTTP/2 session is made within this very emit.
    server.prependOnceListener('session' as any, onSession as any)
    emit.call(server, 'secureConnection', socket)
    server.off('session' as any, onSession as any)
  }
}

/** A refusal that came about while the certificate was judged. */
function refuse (socket: TLSSocket, reason: RefusalReason): Judgement {
  let peer: PeerIdentity | undefined
  try {
    peer = parsePeerIdentity(socket.getPeerCertificate().raw)
  } catch {
    // Gone, or not to be read.
  }
  return { refusal: { reason, code: undefined, peer } }
}

/** The same for a TCP socket and the TLS socket over it. Undefined for a Unix socket and for one that is gone. */
function nameConnection ({ remoteAddress, remotePort, localAddress, localPort }: Socket): string | undefined {
  return remotePort === undefined ? undefined : `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`
}
