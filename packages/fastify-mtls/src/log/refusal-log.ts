import { hintHandshakeFailure, verifyCodes } from '@peerkit/events'
import type { ConnectionEndedMessage, HandshakeReason, HandshakeRefusedMessage } from '@peerkit/events'
import { RateLimit } from '../handshake/rate-limit.ts'

/** The part of Fastify's logger that is used. */
export interface RefusalLogger {
  info (fields: object, message: string): void
  warn (fields: object, message: string): void
}

/** Lines per second of each kind. Strangers can cause any number of refused handshakes, and must not fill a disk. */
const LINES_PER_SECOND = 20
/** Milliseconds for which omitted lines are counted before a summary is written. */
const SUMMARY_AFTER = 1_000

/**
 * Kinds of lines, each with its own limit so that none hides another: unfinished handshakes, clients without a trusted
 * CA, clients that OpenSSL refused and whose CA is unknown, refused clients of a trusted CA, connections that ended.
 */
const KINDS = ['failed', 'strangers', 'unexplained', 'refused', 'ended'] as const
type Kind = typeof KINDS[number]

/**
 * Reasons that determine the kind. A session that cannot be resumed here says nothing about its client: the next
 * handshake is full.
 */
const KIND_OF_REASON: Readonly<Partial<Record<HandshakeReason, Kind>>> = {
  protocol: 'failed',
  no_certificate: 'strangers',
  unknown_ca: 'strangers',
  unreadable: 'strangers',
  resumption_refused: 'strangers'
}

/** Reasons that may come from a code of OpenSSL or Node only: the message decides whether more is known. */
const REASONS_FROM_CODES: ReadonlySet<HandshakeReason> = new Set([
  ...Object.values(verifyCodes).map(({ reason }) => reason), 'timeout'
])

/** Checks that fail before any signature was verified. If OpenSSL refused too, the certificate may be a stranger's. */
const UNPROVEN_STEPS: ReadonlySet<string | undefined> = new Set([
  'unreadable', 'too_large', 'anchors_invalid', 'budget_exceeded', 'path_length', 'algorithm_refused',
  'key_refused'
])

/**
 * Logs refused handshakes and ended connections: at most 20 lines per second of each kind, then one line that counts
 * the omitted ones.
 */
export class RefusalLog {
  readonly #log: RefusalLogger
  readonly #limits = forEachKind(() => new RateLimit(LINES_PER_SECOND))
  #leftOut = forEachKind(() => 0)
  #timer: NodeJS.Timeout | undefined

  constructor (log: RefusalLogger) {
    this.#log = log
  }

  /**
   * @param build makes the message. Called only to write a line or to find the kind; returns the same message each time
   */
  refused (reason: HandshakeReason, build: () => HandshakeRefusedMessage): void {
    this.#write(kindOf(reason, build), () => {
      // Port scans, TCP health checks, clients that hang up: this server refused nothing.
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

function kindOf (reason: HandshakeReason, build: () => HandshakeRefusedMessage): Kind {
  const kind = KIND_OF_REASON[reason]
  if (kind !== undefined || !REASONS_FROM_CODES.has(reason)) return kind ?? 'refused'
  const { code, detail } = build()
  // Node's code if the client did not finish its handshake. If the answer about revocation was late there is no code.
  if (reason === 'timeout') return code === undefined ? 'refused' : 'failed'
  // If the refusal was not explained, the step is OpenSSL's code.
  return code !== undefined && (detail?.step === code || UNPROVEN_STEPS.has(detail?.step)) ? 'unexplained' : 'refused'
}

/** Field names are stable. */
function describeRefusal ({
  reason, code, detail, peer, fingerprint256, remoteAddress, remotePort, alpnProtocol, protocol, resumed
}: HandshakeRefusedMessage): object {
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
  return {
    reason,
    detail: detail?.message,
    step: detail?.step,
    why: detail?.why,
    certificate: detail?.certificate,
    peer: peer?.toString(),
    fingerprint256: peer?.fingerprint256,
    remoteAddress
  }
}
