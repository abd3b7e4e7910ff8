import type { CredentialChange, CredentialSource } from '@peerkit/credentials'
import type { RefusalLogger } from './refusal-log.ts'

const TIME = /\d{4}-\d{2}-\d{2}T[\d:.]+Z/g

/**
 * Writes every change of credentials to the log, those that were taken and those that were refused. The same refusal again is written once: a source tries again
 * and again.
 *
 * @param isLeftOut whether somebody else writes these lines
 * @returns ends it
 */
export function logTrustChanges (credentials: CredentialSource, log: RefusalLogger, isLeftOut: () => boolean): () => void {
  let refused: string | undefined
  return credentials.subscribe((change) => {
    const cause = change.type === 'refused' ? change.error.message.replace(TIME, '') : undefined
    const isKnown = cause !== undefined && cause === refused
    refused = cause
    if (!isKnown && !isLeftOut()) write(change, log)
  })
}

function write (change: CredentialChange, log: RefusalLogger): void {
  const { generation, notAfter, warnings } = change.snapshot
  if (change.type === 'refused') {
    const { code, reason } = change.error as Error & { code?: string, reason?: string }
    log.warn({ code, reason, detail: change.error.message, generation }, 'new credentials refused; those in force stay')
    return
  }
  const fields = { generation, trustChanged: change.trustChanged, notAfter: new Date(notAfter).toISOString(), warnings: warnings.length === 0 ? undefined : warnings }
  if (warnings.length === 0) log.info(fields, 'new credentials in force')
  else log.warn(fields, 'new credentials in force, with warnings')
}
