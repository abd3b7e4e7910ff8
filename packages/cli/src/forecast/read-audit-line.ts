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
