import crypto from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { connectionEnded, connectionIdentified, handshakeRefused } from './channels.ts'
import type { ConnectionEndedMessage, HandshakeRefusedMessage } from './channels.ts'
import type { ConnectionRecord } from './connection-record.ts'
import type { CertificateRefusal, Refusal, RefusalReason } from './refusal.ts'

/** A larger certificate of somebody who was refused is not read for the sake of a log line. */
const MAX_DESCRIBED_OCTETS = 8_192

/** Tells the diagnostics channels, and the log where the plugin gave one, what the gate did. */
export class HandshakeReporter {
  readonly #now: () => number
  /** Told of every refused handshake; the plugin sets it to write the log. The message is made when it is asked for. */
  onRefused: ((reason: RefusalReason, build: () => HandshakeRefusedMessage) => void) | undefined
  /** Told of every connection whose certificate is no longer accepted. */
  onEnded: ((message: ConnectionEndedMessage) => void) | undefined

  /** Told of every client whose certificate is for servers alone, and until when it is accepted all the same. */
  onServerAuthOnly: ((peer: PeerIdentity, until: number) => void) | undefined
  readonly #untilOf: (authority: string) => number | undefined

  /** @param untilOf until when an authority accepts certificates for servers alone, in milliseconds since the epoch */
  constructor (now: () => number, untilOf: (authority: string) => number | undefined) {
    this.#now = now
    this.#untilOf = untilOf
  }

  /** @param durationMs milliseconds that verifying took */
  refused (facts: ConnectionFacts, { reason, code, detail, leaf }: Refusal, durationMs?: number): void {
    this.#publishRefusal(reason, () => {
      const certificate = leaf()
      return {
        code,
        detail: detail(),
        peer: describePeer(certificate),
        fingerprint256: certificate === undefined ? undefined : crypto.hash('sha256', certificate, 'hex'),
        ...facts,
        durationMs
      }
    })
  }

  /** A handshake that OpenSSL or the client broke off, so that there is nothing to judge. */
  broken ({ code }: NodeJS.ErrnoException, socket: TLSSocket | undefined): void {
    this.#publishRefusal(code === 'ERR_TLS_HANDSHAKE_TIMEOUT' ? 'timeout' : 'protocol', () => ({
      code,
      detail: undefined,
      peer: undefined,
      fingerprint256: undefined,
      remoteAddress: socket?.remoteAddress,
      remotePort: socket?.remotePort,
      alpnProtocol: undefined,
      protocol: socket?.getProtocol?.() ?? undefined,
      resumed: false,
      durationMs: undefined
    }))
  }

  identified ({ peer, socket, remoteAddress, decision }: ConnectionRecord, durationMs?: number): void {
    if (peer === null) return
    const serverAuthOnlyUntil = decision?.serverAuthOnly === true ? this.#untilOf(decision.authority) : undefined
    if (serverAuthOnlyUntil !== undefined) this.onServerAuthOnly?.(peer, serverAuthOnlyUntil)
    if (!connectionIdentified.hasSubscribers) return
    connectionIdentified.publish({ v: 1, time: this.#now(), peer, remoteAddress, resumed: socket.isSessionReused(), serverAuthOnlyUntil, durationMs })
  }

  ended ({ peer, remoteAddress }: ConnectionRecord, { reason, detail }: CertificateRefusal): void {
    const message = { v: 1, time: this.#now(), reason, detail, peer, remoteAddress } as const
    this.onEnded?.(message)
    if (connectionEnded.hasSubscribers) connectionEnded.publish(message)
  }

  #publishRefusal (reason: RefusalReason, describe: () => Omit<HandshakeRefusedMessage, 'v' | 'time' | 'reason'>): void {
    let message: HandshakeRefusedMessage | undefined
    const build = (): HandshakeRefusedMessage => {
      message ??= { v: 1, time: this.#now(), reason, ...describe() }
      return message
    }
    this.onRefused?.(reason, build)
    if (handshakeRefused.hasSubscribers) handshakeRefused.publish(build())
  }
}

/** What events say about a connection. */
export type ConnectionFacts = Pick<HandshakeRefusedMessage, 'remoteAddress' | 'remotePort' | 'alpnProtocol' | 'protocol' | 'resumed'>

/** While the socket is open: it knows nothing of this any more when it is closed. */
export function describeConnection (socket: TLSSocket): ConnectionFacts {
  const { remoteAddress, remotePort, alpnProtocol } = socket
  return {
    remoteAddress,
    remotePort,
    alpnProtocol: alpnProtocol === false ? undefined : alpnProtocol ?? undefined,
    protocol: socket.getProtocol() ?? undefined,
    resumed: socket.isSessionReused()
  }
}

/** Who a refused client says that it is. */
function describePeer (leaf: Uint8Array | undefined): PeerIdentity | undefined {
  if (leaf === undefined || leaf.length > MAX_DESCRIBED_OCTETS) return undefined
  try {
    return parsePeerIdentity(leaf)
  } catch {
    return undefined
  }
}
