import { keepAudit, listen } from '@peerkit/events'
import type { EventListeners, EventMessage, EventMessages, EventName, SummarizedName } from '@peerkit/events'
import {
  anything, checkOption, clock, defineOptions, duration, iso, methods, number, required
} from '@peerkit/identity/internal'
import type { OptionSet } from '@peerkit/identity/internal'
import { MonitorOptionError } from '../errors.ts'
import { SERVER } from '../server-option.ts'
import { draftLine } from './audit-line.ts'
import type { AuditDraft, AuditLine } from './audit-line.ts'
import { LineLimit } from './line-limit.ts'

/** The methods of a pino logger that the audit log uses. */
export interface AuditLogger {
  info (line: object, text: string): void
  warn (line: object, text: string): void
  error (line: object, text: string): void
}

/** Options of {@link auditLog}. */
export interface AuditOptions {
  /** Whether to write a line for each allowed request. These lines are not limited. Default false. */
  readonly allowed?: boolean
  /** How many lines of one event and reason may be written at once. Default 100. */
  readonly burst?: number
  /** How many lines of one event and reason may be written per second after that. Default 10. */
  readonly perSecond?: number
  /** As `burst`, for one verified certificate, or for one network if no certificate was verified. Default 20. */
  readonly sourceBurst?: number
  /** As `perSecond`, for one verified certificate or network. Default 1. */
  readonly sourcePerSecond?: number
  /** Milliseconds between lines that say how many lines were dropped. Default 60,000. */
  readonly summaryInterval?: number
  /** The clock, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
  /** The HTTP server of an app (`app.server`), to log only what concerns this app. Default: the whole process. */
  readonly server?: object
}

/** An open audit log. */
export interface AuditLog {
  /** Writes the summary of dropped lines now, if lines were dropped since the last summary. */
  flush (): void
  /** Writes the last summary and stops listening. */
  close (): void
}

const BURST = number({ least: 1 })
const LOG = required(methods(['info', 'warn', 'error']))
export const auditOptions: OptionSet = defineOptions<AuditOptions>('audit', MonitorOptionError, {
  allowed: anything,
  burst: BURST,
  perSecond: number(),
  sourceBurst: BURST,
  sourcePerSecond: number(),
  summaryInterval: duration({ least: 1 }),
  now: clock,
  server: SERVER
})

/**
 * Writes one line for each denial and each change of trust in an app, or in this process: who, what, when, outcome and
 * why.
 *
 * The number of lines is limited, so an attack does not fill the log. Dropped lines are counted, and the count is
 * logged. While the audit log is open, the plugins of the app (or of all apps) do not write their own lines about
 * refusals.
 *
 * @param log a pino logger, or an object with `info`, `warn` and `error`
 * @param options limits, and whether allowed requests are logged
 * @returns the open audit log; close it with `close()`
 * @throws MonitorOptionError if an option is wrong
 * @example
 * ```ts
 * const app = Fastify({ logger: true })
 * const audit = auditLog(app.log, { allowed: true })
 * app.addHook('onClose', async () => { audit.close() })
 * await app.close()
 * ```
 */
export function auditLog (log: AuditLogger, options: AuditOptions = {}): AuditLog {
  checkOption(log, LOG, 'log', MonitorOptionError)
  auditOptions.check(options, 'audit')
  return new LimitedAuditLog(log, options)
}

const ALLOWED = 'peerkit:request:allowed'

/** The events with a line. */
const AUDITED: readonly SummarizedName[] = [
  'peerkit:handshake:refused',
  'peerkit:handshake:chain-unavailable',
  'peerkit:connection:ended',
  'peerkit:forwarded:refused',
  'peerkit:forwarded:stripped',
  'peerkit:request:denied',
  'peerkit:request:would-deny',
  ALLOWED,
  'peerkit:rules:reloaded',
  'peerkit:rules:refused',
  'peerkit:credentials:rotated',
  'peerkit:credentials:refused',
  'peerkit:credentials:recovered',
  'peerkit:credentials:warned',
  'peerkit:revocation:failed',
  'peerkit:revocation:soft-passed',
  'peerkit:expiry:soon',
  'peerkit:outbound:refused'
]

class LimitedAuditLog implements AuditLog {
  readonly #log: AuditLogger
  readonly #limit: LineLimit
  readonly #interval: number
  readonly #now: () => number
  readonly #closers: ReadonlyArray<() => void>
  #timer: NodeJS.Timeout | undefined
  #since: number | undefined

  constructor (
    log: AuditLogger,
    {
      allowed = false,
      burst = 100,
      perSecond = 10,
      sourceBurst = 20,
      sourcePerSecond = 1,
      summaryInterval = 60_000,
      now = Date.now,
      server
    }: AuditOptions
  ) {
    this.#log = log
    this.#limit = new LineLimit({ burst, perSecond, sourceBurst, sourcePerSecond })
    this.#interval = summaryInterval
    this.#now = now
    this.#closers = [listen(this.#listeners(allowed), { server }), keepAudit(server)]
  }

  flush (): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (!this.#limit.hasDropped) return
    const dropped = this.#limit.takeDropped()
    const line: AuditLine & { since: string | undefined } = {
      audit: 1,
      event: 'audit:dropped',
      outcome: 'dropped',
      when: iso(this.#now()),
      since: iso(this.#since ?? this.#now()),
      dropped
    }
    this.#log.warn(line, 'audit lines dropped')
  }

  close (): void {
    for (const close of this.#closers) close()
    this.flush()
  }

  #listeners (allowed: boolean): EventListeners {
    return Object.fromEntries(AUDITED.filter((name) => allowed || name !== ALLOWED).map((name) => [
      name,
      (message: EventMessages[typeof name]) => {
        this.#write(name, message, draftLine(name, message), name !== ALLOWED)
      }
    ]))
  }

  #write (
    name: EventName,
    { time }: EventMessage,
    { level, text, outcome, source, fields }: AuditDraft,
    isLimited: boolean
  ): void {
    const event = name.slice('peerkit:'.length)
    if (isLimited &&
      !this.#limit.allows(fields.reason === undefined ? event : `${event} ${fields.reason}`, source, this.#now())) {
      this.#scheduleSummary()
      return
    }
    const line: AuditLine = { audit: 1, event, outcome, when: iso(time), ...fields }
    this.#log[level](line, text)
  }

  #scheduleSummary (): void {
    if (this.#timer !== undefined) return
    this.#since = this.#now()
    this.#timer = setTimeout(() => { this.flush() }, this.#interval).unref()
  }
}
