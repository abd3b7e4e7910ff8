import type { TLSSocket } from 'node:tls'
import { parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { connectionEnded, connectionIdentified, handshakeRefused } from './channels.ts'
import type { ConnectionEndedMessage, HandshakeRefusedMessage } from './channels.ts'
import type { ConnectionRecord } from './connection-record.ts'
import type { CertificateRefusal, Refusal } from './refusal.ts'

/** A larger certificate of somebody who was refused is not read for the sake of a log line. */
const MAX_DESCRIBED_OCTETS = 8_192

/** Tells the diagnostics channels, and the log where the plugin gave one, what the gate did. */
export class HandshakeReporter {
  readonly #now: () => number
  /** Told of every refused handshake; the plugin sets it to write the log. The message is made when it is asked for. */
  onRefused: ((build: () => HandshakeRefusedMessage) => void) | undefined
  /** Told of every connection whose certificate is no longer accepted. */
  onEnded: ((message: ConnectionEndedMessage) => void) | undefined

  constructor (now: () => number) {
    this.#now = now
  }

  /** @param judgedIn milliseconds that verifying took */
  refused (socket: TLSSocket, { reason, code, detail, leaf }: Refusal, judgedIn?: number): void {
    const { remoteAddress, remotePort, alpnProtocol } = socket
    const [protocol, resumed] = [socket.getProtocol() ?? undefined, socket.isSessionReused()]
    this.#publishRefusal(() => ({
      reason,
      code,
      detail,
      peer: leaf === undefined ? undefined : describePeer(leaf),
      remoteAddress,
      remotePort,
      alpnProtocol: alpnProtocol === false ? undefined : alpnProtocol ?? undefined,
      protocol,
      resumed,
      judgedIn
    }))
  }

  /** A handshake that OpenSSL or the client broke off, so that there is nothing to judge. */
  broken ({ code }: NodeJS.ErrnoException, socket: TLSSocket | undefined): void {
    this.#publishRefusal(() => ({
      reason: code === 'ERR_TLS_HANDSHAKE_TIMEOUT' ? 'timeout' : 'protocol',
      code,
      detail: undefined,
      peer: undefined,
      remoteAddress: socket?.remoteAddress,
      remotePort: socket?.remotePort,
      alpnProtocol: undefined,
      protocol: socket?.getProtocol?.() ?? undefined,
      resumed: false,
      judgedIn: undefined
    }))
  }

  identified ({ peer, socket, remoteAddress }: ConnectionRecord, judgedIn?: number): void {
    if (peer !== null && connectionIdentified.hasSubscribers) connectionIdentified.publish({ v: 1, time: this.#now(), peer, remoteAddress, resumed: socket.isSessionReused(), judgedIn })
  }

  ended ({ peer, remoteAddress }: ConnectionRecord, { reason, detail }: CertificateRefusal): void {
    const message = { v: 1, time: this.#now(), reason, detail, peer, remoteAddress } as const
    this.onEnded?.(message)
    if (connectionEnded.hasSubscribers) connectionEnded.publish(message)
  }

  #publishRefusal (describe: () => Omit<HandshakeRefusedMessage, 'v' | 'time'>): void {
    let message: HandshakeRefusedMessage | undefined
    const build = (): HandshakeRefusedMessage => {
      message ??= { v: 1, time: this.#now(), ...describe() }
      return message
    }
    this.onRefused?.(build)
    if (handshakeRefused.hasSubscribers) handshakeRefused.publish(build())
  }
}

/** Who a refused client says that it is. */
function describePeer (leaf: Uint8Array): PeerIdentity | undefined {
  if (leaf.length > MAX_DESCRIBED_OCTETS) return undefined
  try {
    return parsePeerIdentity(leaf)
  } catch {
    return undefined
  }
}
