import type { CredentialSnapshot, CredentialSource } from '@peerkit/credentials'
import { WakeAt } from '@peerkit/identity/internal'
import type { RefusalLogger } from './refusal-log.ts'

const DAY = 86_400_000

/** A certificate ends soon when less than a fifth of its life is left, and less than 14 days. */
const FRACTION = 1 / 5
const LONGEST_NOTICE = 14 * DAY

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
    const { identity, notAfter } = source.current
    const left = notAfter - now()
    const notice = noticeOf(source.current)
    const state = left <= 0 ? 'ended' : left <= notice ? 'ends soon' : undefined
    const entry = state === undefined ? undefined : `${state} ${identity.fingerprint256 ?? ''} ${notAfter}`
    if (state !== undefined && entry !== logged && !isLeftOut()) write(source.current, state, log)
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

function write ({ identity, notAfter, generation }: CredentialSnapshot, state: string, log: RefusalLogger): void {
  const fields = { certificate: String(identity), notAfter: new Date(notAfter).toISOString(), generation }
  const effect = state === 'ended' ? 'peers refuse it' : 'rotate the credentials'
  log.warn(fields, `our own certificate ${state}; ${effect}`)
}
