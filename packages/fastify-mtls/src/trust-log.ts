import { isBlockSource } from '@peerkit/credentials'
import type { BlockOption, CredentialSnapshot, TrustChange, TrustSource } from '@peerkit/credentials'
import type { RefusalLogger } from './refusal-log.ts'

const TIME = /\d{4}-\d{2}-\d{2}T[\d:.]+Z/g

/**
 * Logs the warnings of the current credentials, and then every accepted or refused change. A source retries, so the
 * same refusal is logged once.
 *
 * @param isLeftOut whether an audit log writes the changes. It cannot write the first warnings, which are older
 * @returns stops it
 */
export function logTrustChanges (source: TrustSource, log: RefusalLogger, isLeftOut: () => boolean): () => void {
  const { generation, warnings } = source.current
  if (warnings.length > 0) log.warn({ generation, warnings }, 'credentials in force, with warnings')
  let refused: string | undefined
  return source.subscribe((change) => {
    const cause = change.type === 'refused' ? change.error.message.replace(TIME, '') : undefined
    const isKnown = cause !== undefined && cause === refused
    refused = cause
    if (!isKnown && !isLeftOut()) write(change, log)
  })
}

/**
 * Logs every change of a block list. These lines are not in the audit log.
 *
 * @returns stops it
 */
export function logBlockChanges (block: BlockOption | undefined, log: RefusalLogger): () => void {
  if (!isBlockSource(block)) return () => {}
  return block.subscribe((change) => {
    if (change.type === 'changed') {
      log.info(
        { added: change.added.length, removed: change.removed.length, entries: block.entries.length },
        'new block list in force'
      )
      return
    }
    const { code, reason, message } = change.error
    log.warn(
      { code, reason, detail: message, entries: block.entries.length }, 'new block list refused; the one in force stays'
    )
  })
}

function write (change: TrustChange, log: RefusalLogger): void {
  const { generation, warnings } = change.snapshot
  if (change.type === 'refused') {
    const { code, reason } = change.error as Error & { code?: string, reason?: string }
    log.warn({ code, reason, detail: change.error.message, generation }, 'new credentials refused; those in force stay')
    return
  }
  const { notAfter } = change.snapshot as Partial<CredentialSnapshot>
  const fields = {
    generation,
    trustChanged: change.trustChanged,
    notAfter: notAfter === undefined ? undefined : new Date(notAfter).toISOString(),
    warnings: warnings.length === 0 ? undefined : warnings
  }
  if (warnings.length === 0) log.info(fields, 'new credentials in force')
  else log.warn(fields, 'new credentials in force, with warnings')
}
