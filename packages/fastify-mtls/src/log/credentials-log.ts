import { isBlockSource } from '@peerkit/credentials'
import type { BlockOption, CredentialSnapshot, CredentialSource, TrustChange, TrustSource } from '@peerkit/credentials'
import { WakeAt, whenSourceCloses } from '@peerkit/identity/internal'
import type { FastifyInstance } from 'fastify'
import type { RefusalLogger } from './refusal-log.ts'

type Change<Type extends TrustChange['type']> = Extract<TrustChange, { readonly type: Type }>

const TIME = /\d{4}-\d{2}-\d{2}T[\d:.]+Z/g

const DAY = 86_400_000

/** A certificate ends soon when less than a fifth of its life is left, and less than 14 days. */
const FRACTION = 1 / 5
const LONGEST_NOTICE = 14 * DAY

/** What closes a source that another app may still use. */
export const CLOSED_BY_OPTION = 'the option closeCredentials of another app'

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
  const { notAfter, withdrawn } = snapshot as Partial<CredentialSnapshot>
  const fields = {
    generation,
    trustChanged,
    notAfter: notAfter === undefined ? undefined : new Date(notAfter).toISOString(),
    warnings: warnings.length === 0 ? undefined : warnings
  }
  const effect = 'every handshake is refused until there is a new one'
  if (withdrawn === true) log.warn(fields, `our certificate was withdrawn; ${effect}`)
  else if (warnings.length === 0) log.info(fields, 'new credentials in force')
  else log.warn(fields, 'new credentials in force, with warnings')
}

/**
 * Logs that our own certificate ends soon, and that it has ended, once each for a certificate.
 *
 * @param now returns the time in milliseconds since the epoch
 * @param isLeftOut whether an audit log reports it
 * @returns stops it
 */
export function logOwnEnd (
  source: CredentialSource, log: RefusalLogger, now: () => number, isLeftOut: () => boolean
): () => void {
  /** What was logged last, with the certificate. */
  let logged: string | undefined
  const wake = new WakeAt(() => { check() }, { now })
  const check = (): void => {
    const { identity, notAfter, withdrawn } = source.current
    // It has not ended, and has a line of its own.
    if (withdrawn === true) return
    const left = notAfter - now()
    const notice = noticeOf(source.current)
    const state = left <= 0 ? 'ended' : left <= notice ? 'ends soon' : undefined
    const entry = state === undefined ? undefined : `${state} ${identity.fingerprint256 ?? ''} ${notAfter}`
    if (state !== undefined && entry !== logged && !isLeftOut()) writeOwnEnd(source.current, state, log)
    logged = entry
    wake.set(left <= 0 ? Infinity : left > notice ? notAfter - notice : notAfter)
  }
  check()
  const end = source.subscribe(({ type }) => { if (type === 'rotated') check() })
  return () => {
    end()
    wake.clear()
  }
}

function noticeOf ({ identity: { notBefore }, notAfter }: CredentialSnapshot): number {
  return Math.min(LONGEST_NOTICE, (notAfter - (notBefore ?? notAfter)) * FRACTION)
}

function writeOwnEnd ({ identity, notAfter, generation }: CredentialSnapshot, state: string, log: RefusalLogger): void {
  const fields = { certificate: String(identity), notAfter: new Date(notAfter).toISOString(), generation }
  const effect = state === 'ended' ? 'peers refuse it' : 'rotate the credentials'
  log.warn(fields, `our own certificate ${state}; ${effect}`)
}

/**
 * Logs that the source of an app was closed while the app listens: certificates, CAs and CRLs stay as they are, until
 * they expire. Once the app itself begins to close, nothing is logged.
 */
export function logSourceEnd (app: FastifyInstance<any, any, any, any>, source: TrustSource): void {
  const end = whenSourceCloses(source, (closedBy = 'a call of close()') => {
    if (!app.server.listening) return
    app.log.error(
      { closedBy, generation: source.current.generation },
      `the credentials of this app were closed by ${closedBy} while it listens: no rotation and no new CRL reaches ` +
        'it any more; close them after the last app that uses them: with closeCredentials on that app alone, or by ' +
        'yourself'
    )
  })
  app.addHook('preClose', async () => { end() })
}
