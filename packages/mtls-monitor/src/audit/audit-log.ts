import { keepAudit, listen } from '@peerkit/events'
import type { EventListeners, EventMessage, EventName } from '@peerkit/events'
import { iso } from '../iso.ts'
import { checkKeys, checkMethods, checkNumber } from '../option-check.ts'
import { nameEvent } from './audit-line.ts'
import type { AuditDraft, AuditLine } from './audit-line.ts'
import {
  draftChainUnavailable, draftCredentialsRefused, draftCredentialsWarned, draftEnded, draftExpiring, draftForwarded, draftHandshake, draftRequest, draftOutbound, draftRevocationFailed, draftRotated, draftRulesRefused,
  draftRulesReloaded, draftSoftPassed
} from './draft-lines.ts'
import { LineLimit } from './line-limit.ts'

/** The part of a pino logger that is used. */
export interface AuditLogger {
  info (line: object, text: string): void
  warn (line: object, text: string): void
  error (line: object, text: string): void
}

export interface AuditOptions {
  /** Whether allowed requests have lines too; they are not limited. Default false. */
  readonly allowed?: boolean
  /** Lines at once, for each event and reason. Default 100. */
  readonly burst?: number
  /** Lines a second after that, for each event and reason. Default 10. */
  readonly perSecond?: number
  /** Lines at once of one event and reason from one certificate, or where none was verified from one address. Default 20. */
  readonly sourceBurst?: number
  /** Lines a second after that. Default 1. */
  readonly sourcePerSecond?: number
  /** Milliseconds between lines that say how many were dropped, while some are. Default 60,000. */
  readonly summaryInterval?: number
  /** The clock, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}

export interface AuditLog {
  /** Writes at once how many lines were dropped since the last time, if any were. */
  flush (): void
  /** Writes what is left to be said, and hears nothing more. */
  close (): void
}

export const AUDIT_KEYS: readonly string[] = ['allowed', 'burst', 'perSecond', 'sourceBurst', 'sourcePerSecond', 'summaryInterval', 'now']

/**
 * Writes one line for each denial and each change of trust in this process: who, what, when, outcome, why. Under attack the lines are limited, and what was dropped is counted and
 * stated. While it is open, the plugins leave their own lines about refusals to it. Throws MTLS_ERR_MONITOR_OPTION.
 */
export function auditLog (log: AuditLogger, options: AuditOptions = {}): AuditLog {
  checkMethods(log, ['info', 'warn', 'error'], 'log')
  checkKeys(options, AUDIT_KEYS, 'audit')
  return new LimitedAuditLog(log, options)
}

class LimitedAuditLog implements AuditLog {
  readonly #log: AuditLogger
  readonly #limit: LineLimit
  readonly #interval: number
  readonly #now: () => number
  readonly #closers: ReadonlyArray<() => void>
  #timer: NodeJS.Timeout | undefined
  #since: number | undefined

  constructor (log: AuditLogger, { allowed = false, burst, perSecond, sourceBurst, sourcePerSecond, summaryInterval, now = Date.now }: AuditOptions) {
    this.#log = log
    this.#limit = new LineLimit({
      burst: checkNumber(burst, 100, 'audit.burst', 1),
      perSecond: checkNumber(perSecond, 10, 'audit.perSecond', 0),
      sourceBurst: checkNumber(sourceBurst, 20, 'audit.sourceBurst', 1),
      sourcePerSecond: checkNumber(sourcePerSecond, 1, 'audit.sourcePerSecond', 0)
    })
    this.#interval = checkNumber(summaryInterval, 60_000, 'audit.summaryInterval', 1, 0x7fff_ffff)
    this.#now = now
    this.#closers = [listen(this.#listeners(allowed)), keepAudit()]
  }

  flush (): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (!this.#limit.hasDropped) return
    const dropped = this.#limit.takeDropped()
    const line: AuditLine & { since: string | undefined } = { audit: 1, event: 'audit:dropped', outcome: 'dropped', when: iso(this.#now()), since: iso(this.#since ?? this.#now()), dropped }
    this.#log.warn(line, 'audit lines dropped')
  }

  close (): void {
    for (const close of this.#closers) close()
    this.flush()
  }

  #listeners (allowed: boolean): EventListeners {
    const limited = <Message extends EventMessage>(draft: (message: Message) => AuditDraft) => (message: Message, name: EventName): void => { this.#write(name, message, draft(message), true) }
    return {
      'peerkit:handshake:refused': limited(draftHandshake),
      'peerkit:handshake:chain-unavailable': limited(draftChainUnavailable),
      'peerkit:connection:ended': limited(draftEnded),
      'peerkit:forwarded:refused': limited((message) => draftForwarded(message, 'forwarded client certificate refused')),
      'peerkit:forwarded:stripped': limited((message) => draftForwarded(message, 'forwarded client certificate removed')),
      'peerkit:request:denied': limited((message) => draftRequest(message, 'denied')),
      'peerkit:request:would-deny': limited((message) => draftRequest(message, 'reported')),
      ...(allowed && { 'peerkit:request:allowed': (message, name) => { this.#write(name, message, draftRequest(message, 'allowed'), false) } } satisfies EventListeners),
      'peerkit:rules:reloaded': limited(draftRulesReloaded),
      'peerkit:rules:refused': limited(draftRulesRefused),
      'peerkit:credentials:rotated': limited(draftRotated),
      'peerkit:credentials:refused': limited(draftCredentialsRefused),
      'peerkit:credentials:warned': limited(draftCredentialsWarned),
      'peerkit:revocation:failed': limited(draftRevocationFailed),
      'peerkit:revocation:soft-passed': limited(draftSoftPassed),
      'peerkit:expiry:soon': limited(draftExpiring),
      'peerkit:outbound:refused': limited(draftOutbound)
    }
  }

  #write (name: EventName, { time }: EventMessage, { level, text, outcome, source, fields }: AuditDraft, isLimited: boolean): void {
    const event = nameEvent(name)
    if (isLimited && !this.#limit.allows(fields.reason === undefined ? event : `${event} ${fields.reason}`, source, this.#now())) {
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
