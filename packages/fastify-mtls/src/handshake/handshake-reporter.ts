import crypto from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import { parsePeerIdentity } from '@peerkit/identity'
import { EMITTER, connectionEnded, connectionIdentified, handshakeRefused } from '@peerkit/events'
import type {
  ConnectionEndedMessage, EventMessage, HandshakeReason, HandshakeRefusedMessage
} from '@peerkit/events'
import type { PeerIdentity } from '@peerkit/identity'
import type { CertificateRefusal, ConnectionRecord } from '../connection/connection-record.ts'
import { readProtocol } from './node-internals.ts'
import type { Trust } from './trust.ts'
import type { Refusal } from './verify-handshake.ts'

/** Larger certificates of refused clients are not parsed for a log line. */
const MAX_DESCRIBED_OCTETS = 8_192

/** Reports handshakes and connections to the diagnostics channels, and to the log if the plugin is registered. */
export class HandshakeReporter {
  readonly #trust: Trust
  /** The HTTP server of the app, which its messages name. Undefined until it is made. */
  server: object | undefined
  /** Called for every refused handshake. The plugin sets it to write the log. `build` makes the message lazily. */
  onRefused: ((reason: HandshakeReason, build: () => HandshakeRefusedMessage) => void) | undefined
  /** Called for every connection whose certificate is no longer accepted. */
  onEnded: ((message: ConnectionEndedMessage) => void) | undefined

  /** Called for every accepted client whose certificate is for servers only, with the end of that exception. */
  onServerAuthOnly: ((peer: PeerIdentity, until: number) => void) | undefined

  constructor (trust: Trust) {
    this.#trust = trust
  }

  /** @param durationMs how long the verification took, in milliseconds */
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

  /** Reports a handshake that OpenSSL or the client aborted. */
  broken ({ code }: NodeJS.ErrnoException, socket: TLSSocket | undefined): void {
    this.#publishRefusal(code === 'ERR_TLS_HANDSHAKE_TIMEOUT' ? 'timeout' : 'protocol', () => ({
      code,
      detail: undefined,
      peer: undefined,
      fingerprint256: undefined,
      remoteAddress: socket?.remoteAddress,
      remotePort: socket?.remotePort,
      alpnProtocol: undefined,
      protocol: socket && readProtocol(socket),
      resumed: false,
      durationMs: undefined
    }))
  }

  identified ({ peer, socket, remoteAddress, decision }: ConnectionRecord, durationMs?: number): void {
    if (peer === null || decision === undefined) return
    const serverAuthOnlyUntil = this.#trust.serverAuthOnlyUntil(decision)
    if (serverAuthOnlyUntil !== undefined) this.onServerAuthOnly?.(peer, serverAuthOnlyUntil)
    this.#trust.tellTolerated(decision)
    if (!connectionIdentified.hasSubscribers) return
    const tolerated = decision.tolerated.length === 0 ? undefined : decision.tolerated
    const resumed = socket.isSessionReused()
    connectionIdentified.publish({
      ...this.#head(), peer, remoteAddress, resumed, serverAuthOnlyUntil, tolerated, durationMs
    })
  }

  ended ({ peer, remoteAddress }: ConnectionRecord, { reason, detail }: CertificateRefusal): void {
    const message = { ...this.#head(), reason, detail, peer, remoteAddress }
    this.onEnded?.(message)
    if (connectionEnded.hasSubscribers) connectionEnded.publish(message)
  }

  #head (): EventMessage {
    const { server } = this
    return { v: 1, time: this.#trust.now(), ...(server !== undefined && { [EMITTER]: () => server }) }
  }

  #publishRefusal (
    reason: HandshakeReason, describe: () => Omit<HandshakeRefusedMessage, keyof EventMessage | 'reason'>
  ): void {
    let message: HandshakeRefusedMessage | undefined
    const build = (): HandshakeRefusedMessage => {
      message ??= { ...this.#head(), reason, ...describe() }
      return message
    }
    this.onRefused?.(reason, build)
    if (handshakeRefused.hasSubscribers) handshakeRefused.publish(build())
  }
}

/** The fields of events that describe a connection. */
export type ConnectionFacts = Pick<
  HandshakeRefusedMessage, 'remoteAddress' | 'remotePort' | 'alpnProtocol' | 'protocol' | 'resumed'
>

/** Call it while the socket is open: a closed socket has lost these values. */
export function describeConnection (socket: TLSSocket): ConnectionFacts {
  const { remoteAddress, remotePort, alpnProtocol } = socket
  return {
    remoteAddress,
    remotePort,
    alpnProtocol: alpnProtocol === false ? undefined : alpnProtocol ?? undefined,
    protocol: readProtocol(socket),
    resumed: socket.isSessionReused()
  }
}

/** The identity that a refused client claims. Nothing of it is verified. */
function describePeer (leaf: Uint8Array | undefined): PeerIdentity | undefined {
  if (leaf === undefined || leaf.length > MAX_DESCRIBED_OCTETS) return undefined
  try {
    return parsePeerIdentity(leaf)
  } catch {
    return undefined
  }
}
