import type { TLSSocket } from 'node:tls'
import { connectionEnded, connectionIdentified, handshakeRefused } from './channels.ts'
import type { ConnectionEndedMessage, HandshakeRefusedMessage } from './channels.ts'
import type { ConnectionRecord } from './connection-record.ts'
import type { Refusal, RefusalReason } from './refusal.ts'

/** Tells the diagnostics channels, and the log where the plugin gave one, what the gate did. */
export class HandshakeReporter {
  readonly #now: () => number
  /** Told of every refused handshake; the plugin sets it to write the log. */
  onRefused: ((message: HandshakeRefusedMessage) => void) | undefined
  /** Told of every connection that no longer stands. */
  onEnded: ((message: ConnectionEndedMessage) => void) | undefined

  constructor (now: () => number) {
    this.#now = now
  }

  /** @param judgedIn milliseconds that the judgement took */
  refused (socket: TLSSocket, refusal: Refusal, judgedIn?: number): void {
    const { remoteAddress, remotePort, alpnProtocol } = socket
    this.#publishRefusal({
      ...refusal,
      remoteAddress,
      remotePort,
      alpnProtocol: alpnProtocol === false ? undefined : alpnProtocol ?? undefined,
      protocol: socket.getProtocol() ?? undefined,
      resumed: socket.isSessionReused(),
      judgedIn
    })
  }

  /** A handshake that OpenSSL or the client broke off, so that there is nothing to judge. */
  broken ({ code }: NodeJS.ErrnoException, socket: TLSSocket | undefined): void {
    this.#publishRefusal({
      reason: code === 'ERR_TLS_HANDSHAKE_TIMEOUT' ? 'timeout' : 'protocol',
      code,
      peer: undefined,
      remoteAddress: socket?.remoteAddress,
      remotePort: socket?.remotePort,
      alpnProtocol: undefined,
      protocol: socket?.getProtocol?.() ?? undefined,
      resumed: false,
      judgedIn: undefined
    })
  }

  identified ({ peer, socket, remoteAddress }: ConnectionRecord, judgedIn?: number): void {
    if (peer !== null && connectionIdentified.hasSubscribers) connectionIdentified.publish({ v: 1, time: this.#now(), peer, remoteAddress, resumed: socket.isSessionReused(), judgedIn })
  }

  ended ({ peer, remoteAddress }: ConnectionRecord, reason: RefusalReason): void {
    const message = { v: 1, time: this.#now(), reason, peer, remoteAddress } as const
    this.onEnded?.(message)
    if (connectionEnded.hasSubscribers) connectionEnded.publish(message)
  }

  #publishRefusal (facts: Omit<HandshakeRefusedMessage, 'v' | 'time'>): void {
    const message = { v: 1, time: this.#now(), ...facts } as const
    this.onRefused?.(message)
    if (handshakeRefused.hasSubscribers) handshakeRefused.publish(message)
  }
}
