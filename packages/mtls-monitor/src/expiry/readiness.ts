import { validityAt } from '@peerkit/identity'
import type { CredentialSource } from '@peerkit/credentials'
import type { RevocationChecker } from '@peerkit/revocation'
import { checkCredentials, checkKeys, checkNumber } from '../option-check.ts'
import { listCrls } from './own-material.ts'

export interface ReadinessOptions {
  /**
   * For how many milliseconds new credentials may be refused, one after the other, before we are not ready. Default Infinity: a bad file that reaches every machine would otherwise
   * take all of them out of service while what they have still counts.
   */
  readonly rotationFailureTolerance?: number
  /** Whether a CRL that has ended makes us not ready, as is right under the hard policy, which then refuses the clients of its CA. Default true. */
  readonly requireCrls?: boolean
  /** The clock, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}

export interface WatchReadinessOptions extends ReadinessOptions {
  readonly credentials: CredentialSource
  readonly revocation?: RevocationChecker
}

/** Why not: stable words. `rotation_refused` is a reason only beyond `rotationFailureTolerance`, before that a warning. */
export type NotReadyReason = 'own_certificate_expired' | 'own_certificate_not_yet_valid' | 'no_anchor_in_time' | 'rotation_refused' | 'crl_expired'

export interface ReadyState {
  readonly ready: boolean
  readonly reasons: readonly NotReadyReason[]
  readonly warnings: readonly NotReadyReason[]
}

export interface Readiness {
  /** Answers at once, from memory: fit for a probe that is asked every second. */
  ready (): ReadyState
  close (): void
}

export const READINESS_KEYS: readonly string[] = ['rotationFailureTolerance', 'requireCrls', 'now']

/** Says whether this process can still prove who it is and tell who calls. Throws MTLS_ERR_MONITOR_OPTION. */
export function watchReadiness (options: WatchReadinessOptions): Readiness {
  checkKeys(options, [...READINESS_KEYS, 'credentials', 'revocation'], 'readiness')
  const { credentials, revocation, requireCrls = true, now = Date.now } = options
  checkCredentials(credentials, 'readiness.credentials')
  const rotationFailureTolerance = checkNumber(options.rotationFailureTolerance, Infinity, 'readiness.rotationFailureTolerance', 0, Infinity)
  let refusedSince: number | undefined
  const unsubscribe = credentials.subscribe(({ type }) => {
    if (type === 'rotated') refusedSince = undefined
    else refusedSince ??= now()
  })
  return {
    ready () {
      const time = now()
      const reasons = checkOwnCertificates(credentials, time)
      const warnings: NotReadyReason[] = []
      if (refusedSince !== undefined) (time - refusedSince > rotationFailureTolerance ? reasons : warnings).push('rotation_refused')
      // Where a delta CRL has ended, the complete one it adds to still answers.
      if (listCrls(credentials, revocation).some(({ nextUpdate, isDelta }) => !isDelta && nextUpdate <= time)) (requireCrls ? reasons : warnings).push('crl_expired')
      return { ready: reasons.length === 0, reasons, warnings }
    },
    close: unsubscribe
  }
}

function checkOwnCertificates ({ current: { identity, intermediates, anchors } }: CredentialSource, time: number): NotReadyReason[] {
  const own = [identity, ...intermediates].map((certificate) => validityAt(certificate, time))
  const reasons: NotReadyReason[] = []
  if (own.includes('expired')) reasons.push('own_certificate_expired')
  if (own.includes('not_yet_valid')) reasons.push('own_certificate_not_yet_valid')
  if (!anchors.some((anchor) => validityAt(anchor, time) === 'valid')) reasons.push('no_anchor_in_time')
  return reasons
}
