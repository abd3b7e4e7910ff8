import type { Server as HttpsServer } from 'node:https'
import type { Http2SecureServer } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { connectionEnded, connectionIdentified, handshakeRefused } from './channels.ts'
import type { HandshakeRefusedMessage } from './channels.ts'
import { rememberSession, rememberSocket } from './connection-record.ts'
import type { ConnectionRecord } from './connection-record.ts'
import type { Guard } from './guard.ts'
import { judgeHandshake } from './judge-handshake.ts'
import type { Judgement } from './judge-handshake.ts'
import type { Refusal } from './refusal.ts'
import type { Trust } from './trust.ts'
import { VerifiedChains } from './verified-chains.ts'

export type MtlsServer = HttpsServer | Http2SecureServer

type Emit = (this: MtlsServer, ...args: any[]) => boolean

export interface GateOptions {
  readonly trust: Trust
  readonly guard: Guard
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
  readonly #chains = new VerifiedChains()
  readonly #records = new Set<ConnectionRecord>()
  /** Told of every refused handshake; the plugin sets it to write the log. */
  onRefused: ((message: HandshakeRefusedMessage) => void) | undefined

  constructor (options: GateOptions) {
    this.#options = options
  }

  install (server: MtlsServer): void {
    const { guard } = this.#options
    const emit = server.emit as Emit
    const guarded = (...args: any[]): boolean => {
      const [event, first, second] = args
      const proceed = (): boolean => emit.apply(server, args)
      switch (event) {
        case 'secureConnection':
          this.#admit(first, server, emit)
          return true
        case 'stream':
          return guard.stream(first, proceed)
        case 'request':
        case 'checkContinue':
        case 'checkExpectation':
          // HTTP/2's own request event follows a stream that was let through.
          return first.stream === undefined ? guard.request(first, second, proceed) : proceed()
        case 'upgrade':
        case 'connect':
          return first.stream === undefined ? guard.upgrade(first, second, proceed) : proceed()
        case 'tlsClientError':
          this.#reportBroken(first, second)
          return proceed()
        default:
          return proceed()
      }
    }
    server.emit = guarded as typeof server.emit
  }

  /** Judges every open connection again where the trust moved; those that HTTP gave away are cut at once, the others at their next request. */
  async review (): Promise<void> {
    const { guard } = this.#options
    await Promise.all([...this.#records].map(async (record) => {
      const reason = await guard.check(record)
      if (reason !== undefined) for (const socket of record.upgraded ?? []) socket.destroy()
    }))
  }

  #admit (socket: TLSSocket, server: MtlsServer, emit: Emit): void {
    const { trust, mayBeAbsent, judgementTimeout } = this.#options
    let judgement: Judgement | Promise<Judgement>
    try {
      judgement = judgeHandshake(socket, trust, this.#chains, mayBeAbsent)
    } catch {
      judgement = { refusal: { reason: 'unreadable', code: undefined, peer: undefined } }
    }
    if (!(judgement instanceof Promise)) {
      this.#conclude(socket, server, judgement, emit)
      return
    }
    const ignore = (): void => {}
    socket.on('error', ignore)
    const timer = setTimeout(() => { conclude({ refusal: { reason: 'timeout', code: undefined, peer: undefined } }) }, judgementTimeout).unref()
    let concluded = false
    const conclude = (result: Judgement): void => {
      if (concluded) return
      concluded = true
      clearTimeout(timer)
      socket.off('error', ignore)
      if (!socket.destroyed) this.#conclude(socket, server, result, emit)
    }
    judgement.then(conclude, () => { conclude({ refusal: { reason: 'revocation_unknown', code: undefined, peer: undefined } }) })
  }

  #conclude (socket: TLSSocket, server: MtlsServer, judgement: Judgement, emit: Emit): void {
    if ('refusal' in judgement) {
      this.#report(socket, judgement.refusal)
      socket.on('error', () => {})
      socket.destroy()
      return
    }
    const { trust } = this.#options
    const { peer } = judgement
    const record: ConnectionRecord = { peer, standing: 'standing' in judgement ? judgement.standing : undefined, upgraded: undefined, remoteAddress: socket.remoteAddress }
    rememberSocket(socket, record)
    if (peer !== null) {
      this.#records.add(record)
      this.#endAtExpiry(socket, record)
      socket.once('close', () => { this.#records.delete(record) })
      if (connectionIdentified.hasSubscribers) {
        connectionIdentified.publish({ v: 1, time: trust.now(), peer, remoteAddress: socket.remoteAddress, resumed: socket.isSessionReused() })
      }
    }
    const onSession = (session: Parameters<typeof rememberSession>[0]): void => { rememberSession(session, record) }
    // An HTTP/2 session is made within this very emit.
    server.prependOnceListener('session' as any, onSession as any)
    emit.call(server, 'secureConnection', socket)
    server.off('session' as any, onSession as any)
  }

  /** A WebSocket sends no further request, so its end is watched for. */
  #endAtExpiry (socket: TLSSocket, record: ConnectionRecord): void {
    const { trust } = this.#options
    const left = (record.standing?.notAfter ?? Infinity) - trust.now()
    if (left > 0x7fff_ffff) return
    const timer = setTimeout(() => {
      if ((record.upgraded?.size ?? 0) === 0) return
      for (const upgraded of record.upgraded ?? []) upgraded.destroy()
      if (connectionEnded.hasSubscribers) connectionEnded.publish({ v: 1, time: trust.now(), reason: 'expired', peer: record.peer, remoteAddress: record.remoteAddress })
    }, left).unref()
    socket.once('close', () => { clearTimeout(timer) })
  }

  #report (socket: TLSSocket, refusal: Refusal): void {
    const { remoteAddress, remotePort, alpnProtocol } = socket
    this.#publish({
      ...refusal,
      remoteAddress,
      remotePort,
      alpnProtocol: alpnProtocol === false ? undefined : alpnProtocol ?? undefined,
      protocol: socket.getProtocol() ?? undefined,
      resumed: socket.isSessionReused()
    })
  }

  #reportBroken (error: NodeJS.ErrnoException, socket: TLSSocket | undefined): void {
    this.#publish({
      reason: 'protocol',
      code: error.code,
      peer: undefined,
      remoteAddress: socket?.remoteAddress,
      remotePort: socket?.remotePort,
      alpnProtocol: undefined,
      protocol: undefined,
      resumed: false
    })
  }

  #publish (facts: Omit<HandshakeRefusedMessage, 'v' | 'time'>): void {
    const message = { v: 1, time: this.#options.trust.now(), ...facts } as const
    this.onRefused?.(message)
    if (handshakeRefused.hasSubscribers) handshakeRefused.publish(message)
  }
}
