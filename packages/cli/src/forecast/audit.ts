import { createReadStream } from 'node:fs'
import { UsageError } from '../command.ts'
import { describeFileError } from '../files/read-bytes.ts'

/** The counts of an audit log file. */
export interface AuditFile {
  readonly file: string
  readonly lines: number
  /** Lines that could not be read. */
  readonly broken: number
  /** Lines about clients. */
  readonly clientLines: number
  /** Refused handshakes of unverified clients. */
  readonly strangers: number
  /** Whether it has lines of allowed requests. Without them it has only clients that were refused. */
  readonly hasAllowed: boolean
}

/** Three times the longest line of `auditLog`. */
const MAX_LINE = 1 << 16

/**
 * Reads a file of any size, line by line.
 *
 * @throws UsageError if it cannot be read, or if no line is JSON
 */
export async function readAudit (file: string, clients: AuditedClients): Promise<AuditFile> {
  const found = { file, lines: 0, broken: 0, clientLines: 0, strangers: 0, hasAllowed: false }
  try {
    for await (const line of readLines(file, MAX_LINE)) {
      found.lines++
      const entry = line === undefined ? 'broken' : readAuditLine(line)
      if (entry === 'broken') found.broken++
      else if (entry === 'stranger') found.strangers++
      else if (entry !== 'other') {
        found.clientLines++
        if (entry.event === 'request:allowed') found.hasAllowed = true
        clients.add(entry)
      }
    }
  } catch (error) {
    const expected = 'JSON lines of an audit log'
    throw new UsageError(`--audit ${file}: ${describeFileError(error)}; expected ${expected}`)
  }
  if (found.lines > 0 && found.broken === found.lines) {
    const expected = 'JSON lines of an audit log, not compressed'
    const { lines } = found
    throw new UsageError(`--audit ${file}: found no JSON in any of ${lines} lines; expected ${expected}`)
  }
  return found
}

/** The client of an audit line (docs/audit.md). */
export interface AuditEntry {
  readonly event: string
  readonly name: string
  readonly issuer: string | undefined
  readonly serialNumber: string | undefined
  readonly fingerprint256: string | undefined
  /** Milliseconds since the epoch. */
  readonly when: number | undefined
  readonly notAfter: number | undefined
  /** Whether the certificate was verified. The values of a refused one may be false. */
  readonly isVerified: boolean
}

/**
 * - `broken`: not JSON, or an audit line with invalid fields
 * - `other`: a line of the app, or an audit line without a client
 * - `stranger`: a handshake that was refused for a reason other than the purpose of the certificate
 */
export type AuditLineKind = 'broken' | 'other' | 'stranger'

/** Events whose peer is a client with a verified certificate. */
const CLIENT_EVENTS: ReadonlySet<string> = new Set([
  'request:allowed', 'request:denied', 'request:would-deny', 'connection:ended',
  'forwarded:refused', 'forwarded:stripped'
])
/** The audit log clips texts at 300 characters. Longer ones come from elsewhere and would use memory. */
const MAX_TEXT = 512

export function readAuditLine (line: string): AuditEntry | AuditLineKind {
  let fields: unknown
  try {
    fields = JSON.parse(line)
  } catch {
    return 'broken'
  }
  if (typeof fields !== 'object' || fields === null) return 'broken'
  if (!('audit' in fields) || fields.audit !== 1) return 'other'
  return readFields(fields as Readonly<Record<string, unknown>>)
}

function readFields (fields: Readonly<Record<string, unknown>>): AuditEntry | AuditLineKind {
  const { event, peer, issuer, serialNumber, fingerprint256, when, notAfter, reason, what } = fields
  const texts = [peer, issuer, serialNumber, fingerprint256, when, notAfter]
  if (typeof event !== 'string' || !texts.every(isShortText)) return 'broken'
  const isRefused = event === 'handshake:refused'
  if (isRefused && peer !== undefined && reason !== 'wrong_purpose') return 'stranger'
  const isClient = isRefused || CLIENT_EVENTS.has(event) || (event === 'expiry:soon' && what === 'peer')
  if (!isClient || peer === undefined) return 'other'
  const [name = '', ...names] = [peer, issuer, serialNumber, fingerprint256] as Array<string | undefined>
  return {
    event,
    name,
    issuer: names[0],
    serialNumber: names[1],
    fingerprint256: names[2],
    when: timeOf(when),
    notAfter: timeOf(notAfter),
    isVerified: !isRefused
  }
}

function isShortText (value: unknown): boolean {
  return value === undefined || (typeof value === 'string' && value.length <= MAX_TEXT)
}

function timeOf (value: unknown): number | undefined {
  const time = typeof value === 'string' ? Date.parse(value) : NaN
  return Number.isNaN(time) ? undefined : time
}

const LINE_END = 0x0a

/**
 * Reads the lines of a file in bounded memory. Empty lines are skipped.
 *
 * @param most the longest line in bytes; a longer one is returned as `undefined`
 */
export async function * readLines (path: string, most: number): AsyncGenerator<string | undefined> {
  let parts: Buffer[] = []
  let length = 0
  const take = (): string | undefined => {
    const line = length > most ? undefined : Buffer.concat(parts).toString('utf8').trim()
    parts = []
    length = 0
    return line
  }
  const keep = (part: Buffer): void => {
    length += part.length
    if (length > most) parts = []
    else parts.push(part)
  }
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let from = 0
    for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END, from)) {
      keep(chunk.subarray(from, end))
      from = end + 1
      const line = take()
      if (line !== '') yield line
    }
    keep(chunk.subarray(from))
  }
  const line = take()
  if (line !== '') yield line
}

/** A client in the audit logs. */
export interface AuditedClient {
  readonly name: string
  readonly issuer: string | undefined
  readonly serialNumber: string | undefined
  readonly fingerprint256: string | undefined
  /** Milliseconds since the epoch. */
  firstSeen: number | undefined
  lastSeen: number | undefined
  count: number
  /** Milliseconds since the epoch, if a line has it. */
  notAfter: number | undefined
  /** Whether a handshake was refused because the certificate is not for clients. */
  refused: boolean
}

/**
 * The largest number of clients, so that memory is bounded: a refused client can present any number of certificates.
 */
const MAX_CLIENTS = 50_000

/** Collects clients by the fingerprint of the certificate. */
export class AuditedClients {
  // Separate maps, so that refused clients cannot use up the space of verified ones.
  readonly #verified = new Map<string, AuditedClient>()
  readonly #refused = new Map<string, AuditedClient>()
  readonly #most: number

  /** Lines of clients beyond the bound. */
  leftOut = 0

  constructor (most: number = MAX_CLIENTS) {
    this.#most = most
  }

  add ({ name, issuer, serialNumber, fingerprint256, when, notAfter, isVerified }: AuditEntry): void {
    const clients = isVerified ? this.#verified : this.#refused
    const key = fingerprint256 ?? JSON.stringify([name, issuer, serialNumber])
    let client = clients.get(key)
    if (client === undefined) {
      if (clients.size >= this.#most) {
        this.leftOut++
        return
      }
      const seen = { firstSeen: undefined, lastSeen: undefined, count: 0, notAfter: undefined, refused: !isVerified }
      clients.set(key, client = { name, issuer, serialNumber, fingerprint256, ...seen })
    }
    merge(client, { firstSeen: when, lastSeen: when, count: 1, notAfter })
  }

  list (): AuditedClient[] {
    for (const [key, client] of this.#verified) {
      const refused = this.#refused.get(key)
      if (refused === undefined) continue
      merge(client, refused)
      client.refused = true
      this.#refused.delete(key)
    }
    return [...this.#verified.values(), ...this.#refused.values()]
  }
}

type Seen = Pick<AuditedClient, 'firstSeen' | 'lastSeen' | 'count' | 'notAfter'>

function merge (client: AuditedClient, { firstSeen, lastSeen, count, notAfter }: Seen): void {
  client.count += count
  if (firstSeen !== undefined) client.firstSeen = Math.min(client.firstSeen ?? firstSeen, firstSeen)
  if (lastSeen !== undefined) client.lastSeen = Math.max(client.lastSeen ?? lastSeen, lastSeen)
  client.notAfter ??= notAfter
}
