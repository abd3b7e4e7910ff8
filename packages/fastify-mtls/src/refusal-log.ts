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

/**
 * Kinds of lines, each with a limit of its own, so that none hides another: handshakes that were not finished, clients that no trusted CA leads to, those that
 * OpenSSL refused and nobody knows whose they are, refused clients of a trusted CA, connections that end.
 */
const KINDS = ['failed', 'strangers', 'unexplained', 'refused', 'ended'] as const
type Kind = typeof KINDS[number]

/** What is the kind by itself. A session that cannot be resumed here says nothing of its client: the next handshake is full. */
const KIND_OF_REASON: Readonly<Partial<Record<RefusalReason, Kind>>> = {
  protocol: 'failed',
  no_certificate: 'strangers',
  unknown_ca: 'strangers',
  unreadable: 'strangers',
  resumption_refused: 'strangers'
}

/** Reasons that a code of OpenSSL or of Node may stand behind: only the message says whether more is known. */
const REASONS_OF_CODES: ReadonlySet<RefusalReason> = new Set(['expired', 'not_yet_valid', 'wrong_purpose', 'bad_chain', 'timeout'])

/** What is found before a signature was verified: where OpenSSL refused too, it may be found with a stranger's certificate. */
const UNPROVEN_STEPS: ReadonlySet<string | undefined> = new Set(['certificate_invalid', 'too_large', 'anchors_invalid', 'budget_exceeded', 'path_length', 'algorithm_refused', 'key_refused'])

/** Writes refused handshakes and ended connections to the log: at most 20 lines a second of each kind, then one line with the numbers that were left out. */
export class RefusalLog {
  readonly #log: RefusalLogger
  readonly #limits = forEachKind(() => new RateLimit(LINES_PER_SECOND))
  #leftOut = forEachKind(() => 0)
  #timer: NodeJS.Timeout | undefined

  constructor (log: RefusalLogger) {
    this.#log = log
  }

  /** @param build makes the message, only where there is a line for it or its kind is not known otherwise; the same one each time */
  refused (reason: RefusalReason, build: () => HandshakeRefusedMessage): void {
    this.#write(kindOf(reason, build), () => {
      // Port scans, health checks on TCP, clients that hang up: this server refused nothing.
      if (reason === 'protocol') this.#log.info(describeRefusal(build()), 'mTLS handshake failed')
      else this.#log.warn(describeRefusal(build()), 'mTLS handshake refused')
    })
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
    this.#log.warn({ leftOut: this.#leftOut }, 'further mTLS refusals were not logged')
    this.#leftOut = forEachKind(() => 0)
  }
}

function forEachKind<T> (make: () => T): Record<Kind, T> {
  return Object.fromEntries(KINDS.map((kind) => [kind, make()])) as Record<Kind, T>
}

function kindOf (reason: RefusalReason, build: () => HandshakeRefusedMessage): Kind {
  if (!REASONS_OF_CODES.has(reason)) return KIND_OF_REASON[reason] ?? 'refused'
  const { code, detail } = build()
  // Node's code of a client that did not finish its handshake. Where revocation is not answered in time there is none.
  if (reason === 'timeout') return code === undefined ? 'refused' : 'failed'
  // Where the refusal was not explained, the step is OpenSSL's code.
  return code !== undefined && (detail?.step === code || UNPROVEN_STEPS.has(detail?.step)) ? 'unexplained' : 'refused'
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
    hint: hintHandshakeFailure(reason, code, detail?.step),
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
