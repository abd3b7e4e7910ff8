import { UsageError } from '../usage-error.ts'
import { describeFileError } from '../read-bytes.ts'
import type { AuditedClients } from './audited-clients.ts'
import { readAuditLine } from './read-audit-line.ts'
import { readLines } from './read-lines.ts'

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
