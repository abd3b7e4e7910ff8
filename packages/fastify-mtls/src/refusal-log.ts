import { hintHandshakeFailure } from '@peerkit/events'
import type { RefusalReason } from '@peerkit/events'
import type { ConnectionEndedMessage, HandshakeRefusedMessage } from './channels.ts'
import { RateLimit } from './rate-limit.ts'

/** What is needed of Fastify's logger. */
export interface RefusalLogger {
  info (fields: object, message: string): void
  warn (fields: object, message: string): void
}

/** Lines a second of each kind. Strangers decide how many handshakes are refused, and must not fill a disk. */
const LINES_PER_SECOND = 20
/** How long lines are counted that were left out, in milliseconds. */
const SUMMARY_AFTER = 1_000

/** Kinds of lines, each with a limit of its own: port scans must not hide refused clients, nor those the connections that end. */
type Kind = 'failed' | 'refused' | 'ended'

/** Writes refused handshakes and ended connections to the log: at most 20 lines a second of each kind, then one line with the numbers that were left out. */
export class RefusalLog {
  readonly #log: RefusalLogger
  readonly #limits: Readonly<Record<Kind, RateLimit>> = { failed: new RateLimit(LINES_PER_SECOND), refused: new RateLimit(LINES_PER_SECOND), ended: new RateLimit(LINES_PER_SECOND) }
  readonly #leftOut: Record<Kind, number> = { failed: 0, refused: 0, ended: 0 }
  #timer: NodeJS.Timeout | undefined

  constructor (log: RefusalLogger) {
    this.#log = log
  }

  /** @param build makes the message, only where there is a line for it */
  refused (reason: RefusalReason, build: () => HandshakeRefusedMessage): void {
    // Port scans, health checks on TCP, clients that hang up: this server refused nothing.
    if (reason === 'protocol') this.#write('failed', () => { this.#log.info(describeRefusal(build()), 'mTLS handshake failed') })
    else this.#write('refused', () => { this.#log.warn(describeRefusal(build()), 'mTLS handshake refused') })
  }

  ended (message: ConnectionEndedMessage): void {
    this.#write('ended', () => { this.#log.warn(describeEnd(message), 'mTLS connection no longer accepted') })
  }

  #write (kind: Kind, line: () => void): void {
    if (this.#limits[kind].take()) {
      line()
      return
    }
    this.#leftOut[kind] += 1
    this.#timer ??= setTimeout(() => { this.#summarize() }, SUMMARY_AFTER).unref()
  }

  #summarize (): void {
    this.#timer = undefined
    this.#log.warn({ leftOut: { ...this.#leftOut } }, 'further mTLS refusals were not logged')
    Object.assign(this.#leftOut, { failed: 0, refused: 0, ended: 0 })
  }
}

/** Stable field names, no bytes. */
function describeRefusal ({ reason, code, detail, peer, fingerprint256, remoteAddress, remotePort, alpnProtocol, protocol, resumed }: HandshakeRefusedMessage): object {
  return {
    reason,
    code,
    detail: detail?.message,
    step: detail?.step,
    why: detail?.why,
    certificate: detail?.certificate,
    hint: hintHandshakeFailure(reason, code),
    peer: peer?.toString(),
    fingerprint256,
    remoteAddress,
    remotePort,
    alpnProtocol,
    protocol,
    resumed
  }
}

function describeEnd ({ reason, detail, peer, remoteAddress }: ConnectionEndedMessage): object {
  return { reason, detail: detail?.message, step: detail?.step, why: detail?.why, certificate: detail?.certificate, peer: peer?.toString(), fingerprint256: peer?.fingerprint256, remoteAddress }
}
