import { hintHandshakeFailure } from '@peerkit/events'
import type { ConnectionEndedMessage, HandshakeRefusedMessage } from './channels.ts'
import { RateLimit } from './rate-limit.ts'

/** What is needed of Fastify's logger. */
export interface RefusalLogger {
  info (fields: object, message: string): void
  warn (fields: object, message: string): void
}

/** Lines a second. Strangers decide how many handshakes are refused, and must not fill a disk. */
const LINES_PER_SECOND = 20
/** How long lines are counted that were left out, in milliseconds. */
const SUMMARY_AFTER = 1_000

/** Writes refused handshakes and ended connections to the log: at most 20 lines a second, then one line with the number that was left out. */
export class RefusalLog {
  readonly #log: RefusalLogger
  readonly #limit = new RateLimit(LINES_PER_SECOND)
  #leftOut = 0
  #timer: NodeJS.Timeout | undefined

  constructor (log: RefusalLogger) {
    this.#log = log
  }

  /** @param build makes the message, only where there is a line for it */
  refused (build: () => HandshakeRefusedMessage): void {
    if (!this.#hasLine()) return
    const message = build()
    // Port scans, health checks on TCP, clients that hang up: this server refused nothing.
    if (message.reason === 'protocol') this.#log.info(describeRefusal(message), 'mTLS handshake failed')
    else this.#log.warn(describeRefusal(message), 'mTLS handshake refused')
  }

  ended (message: ConnectionEndedMessage): void {
    if (this.#hasLine()) this.#log.warn(describeEnd(message), 'mTLS connection no longer accepted')
  }

  #hasLine (): boolean {
    if (this.#limit.take()) return true
    this.#leftOut += 1
    this.#timer ??= setTimeout(() => { this.#summarize() }, SUMMARY_AFTER).unref()
    return false
  }

  #summarize (): void {
    this.#timer = undefined
    this.#log.warn({ leftOut: this.#leftOut }, 'further mTLS refusals were not logged')
    this.#leftOut = 0
  }
}

/** Stable field names, no bytes. */
function describeRefusal ({ reason, code, detail, peer, remoteAddress, remotePort, alpnProtocol, protocol, resumed }: HandshakeRefusedMessage): object {
  return {
    reason,
    code,
    detail: detail?.message,
    step: detail?.step,
    why: detail?.why,
    certificate: detail?.certificate,
    hint: hintHandshakeFailure(reason, code),
    peer: peer?.toString(),
    fingerprint256: peer?.fingerprint256 ?? detail?.certificate?.fingerprint256,
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
