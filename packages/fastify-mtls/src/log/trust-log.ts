import { isBlockSource } from '@peerkit/credentials'
import type { BlockOption, CredentialSnapshot, TrustChange, TrustSource } from '@peerkit/credentials'
import type { RefusalLogger } from './refusal-log.ts'

type Change<Type extends TrustChange['type']> = Extract<TrustChange, { readonly type: Type }>

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
  /** By authority; undefined stands for all that is given at once. */
  const refused = new Map<string | undefined, string>()
  return source.subscribe((change) => {
    if (change.type === 'rotated') {
      if (!isLeftOut()) writeRotated(change, log)
      return
    }
    if (change.type === 'recovered') {
      refused.delete(change.authority)
      if (isLeftOut()) return
      const { authority, snapshot: { generation } } = change
      log.info({ authority, generation }, 'credentials are in order again')
      return
    }
    const cause = change.error.message.replace(TIME, '')
    const isKnown = refused.get(change.authority) === cause
    refused.set(change.authority, cause)
    if (!isKnown && !isLeftOut()) writeRefused(change, log)
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
    if (change.type === 'recovered') {
      log.info({ entries: block.entries.length }, 'the block list is in order again')
      return
    }
    const { code, reason, message } = change.error
    log.warn(
      { code, reason, detail: message, entries: block.entries.length }, 'new block list refused; the one in force stays'
    )
  })
}

function writeRefused ({ error, authority, snapshot: { generation } }: Change<'refused'>, log: RefusalLogger): void {
  const { code, reason } = error as Error & { code?: string, reason?: string }
  const fields = { code, reason, authority, detail: error.message, generation }
  log.warn(fields, 'new credentials refused; those in force stay')
}

function writeRotated ({ snapshot, trustChanged }: Change<'rotated'>, log: RefusalLogger): void {
  const { generation, warnings } = snapshot
  const { notAfter } = snapshot as Partial<CredentialSnapshot>
  const fields = {
    generation,
    trustChanged,
    notAfter: notAfter === undefined ? undefined : new Date(notAfter).toISOString(),
    warnings: warnings.length === 0 ? undefined : warnings
  }
  if (warnings.length === 0) log.info(fields, 'new credentials in force')
  else log.warn(fields, 'new credentials in force, with warnings')
}
