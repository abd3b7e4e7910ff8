import type { CredentialSource } from '@peerkit/credentials'
import { validityAt } from '@peerkit/identity'
import { anything, clock, credentialSource, defineOptions, number, required } from '@peerkit/identity/internal'
import type { OptionSet, OptionTypes } from '@peerkit/identity/internal'
import type { RevocationChecker } from '@peerkit/revocation'
import { MonitorOptionError } from '../errors.ts'
import { listCrls } from './own-material.ts'

/** Options of readiness in {@link watchReadiness} and `startMonitor`. */
export interface ReadinessOptions {
  /**
   * For how many milliseconds new credentials may be refused before the process is not ready. Default Infinity: one bad
   * file on every machine would otherwise take all of them out of service, although the old credentials are still
   * valid.
   */
  readonly rotationFailureTolerance?: number
  /**
   * Whether an expired CRL makes the process not ready. Default true, which fits the hard policy: it refuses all
   * clients of that CA.
   */
  readonly requireCrls?: boolean
  /** The clock, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}

/** Options of {@link watchReadiness}. */
export interface WatchReadinessOptions extends ReadinessOptions {
  /** The credentials of the server. */
  readonly credentials: CredentialSource
  /** The revocation checker of the server, if it has one in addition to the CRLs of the credentials. */
  readonly revocation?: RevocationChecker
}

/** Why the process is not ready. `rotation_refused` is only a warning within `rotationFailureTolerance`. */
export type NotReadyReason = 'own_certificate_expired'
  | 'own_certificate_withdrawn'
  | 'own_certificate_not_yet_valid'
  | 'no_anchor_in_time'
  | 'rotation_refused'
  | 'crl_expired'

/** The answer of `ready()`. */
export interface ReadyState {
  readonly ready: boolean
  readonly reasons: readonly NotReadyReason[]
  readonly warnings: readonly NotReadyReason[]
}

/** Watches readiness. */
export interface Readiness {
  /** Answers from memory, so a probe may ask every second. */
  ready (): ReadyState
  close (): void
}

const READINESS: OptionTypes<ReadinessOptions> = {
  rotationFailureTolerance: number({ most: Infinity }), requireCrls: anything, now: clock
}
export const readinessOptions: OptionSet =
  defineOptions<ReadinessOptions>('readiness', MonitorOptionError, READINESS)
const OPTIONS = defineOptions<WatchReadinessOptions>('readiness', MonitorOptionError, {
  ...READINESS, credentials: required(credentialSource), revocation: anything
})

/**
 * Watches whether this process can present a valid certificate and verify its clients.
 *
 * It is not ready if the own certificate or an intermediate is expired or not valid yet, if the own certificate was
 * withdrawn, if no trusted CA is valid, or if a complete CRL has expired.
 *
 * @param options `credentials` is required
 * @returns the watcher; close it with `close()`
 * @throws MonitorOptionError if an option is missing or wrong
 * @example
 * ```ts
 * const readiness = watchReadiness({ credentials, rotationFailureTolerance: 3_600_000 })
 * console.log(readiness.ready()) // { ready: true, reasons: [], warnings: [] }
 * readiness.close()
 * ```
 */
export function watchReadiness (options: WatchReadinessOptions): Readiness {
  OPTIONS.check(options, 'readiness')
  const { credentials, revocation, requireCrls = true, rotationFailureTolerance = Infinity, now = Date.now } = options
  /** By authority. Undefined: what is refused as a whole. */
  const refusedSince = new Map<string | undefined, number>()
  const unsubscribe = credentials.subscribe((change) => {
    if (change.type === 'recovered') refusedSince.delete(change.authority)
    if (change.type === 'refused' && !refusedSince.has(change.authority)) refusedSince.set(change.authority, now())
  })
  return {
    ready () {
      const time = now()
      const reasons = checkOwnCertificates(credentials, time)
      const warnings: NotReadyReason[] = []
      if (refusedSince.size > 0) {
        const isTooLong = time - Math.min(...refusedSince.values()) > rotationFailureTolerance
        const list = isTooLong ? reasons : warnings
        list.push('rotation_refused')
      }
      // If a delta CRL has expired, its complete CRL still answers.
      if (listCrls(credentials, revocation).some(({ nextUpdate, isDelta }) => !isDelta && nextUpdate <= time)) {
        (requireCrls ? reasons : warnings).push('crl_expired')
      }
      return { ready: reasons.length === 0, reasons, warnings }
    },
    close: unsubscribe
  }
}

function checkOwnCertificates (
  { current: { identity, intermediates, anchors, withdrawn } }: CredentialSource,
  time: number
): NotReadyReason[] {
  const own = [identity, ...intermediates].map((certificate) => validityAt(certificate, time))
  const reasons: NotReadyReason[] = []
  if (own.includes('expired')) reasons.push('own_certificate_expired')
  if (withdrawn === true) reasons.push('own_certificate_withdrawn')
  if (own.includes('not_yet_valid')) reasons.push('own_certificate_not_yet_valid')
  if (!anchors.some((anchor) => validityAt(anchor, time) === 'valid')) reasons.push('no_anchor_in_time')
  return reasons
}
