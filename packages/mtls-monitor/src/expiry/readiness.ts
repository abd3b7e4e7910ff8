import type { CredentialSource } from '@peerkit/credentials'
import { endOfValidity, validityAt } from '@peerkit/identity'
import {
  anything, clock, credentialSource, defineOptions, duration, number, required
} from '@peerkit/identity/internal'
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
  /**
   * How many milliseconds our certificates must still be valid. With less the process is not ready, so that it is
   * replaced before its calls fail. Default 0.
   */
  readonly requiredLifetime?: number
  /**
   * The same while our certificate cannot be renewed: the issuer or provider failed when it was last asked. Then more
   * may be required than is left when a renewal is due. Default 0: if the issuer is away, it is away for all instances,
   * and all would be taken out of service together.
   */
  readonly requiredLifetimeIfFailing?: number
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

/**
 * Why the process is not ready. `rotation_refused`, that new credentials are refused or cannot be got, is only a
 * warning within `rotationFailureTolerance`. `bundle_refused` is always only a warning: the owner of another
 * trust domain must not take this process out of service.
 */
export type NotReadyReason = 'own_certificate_expired'
  | 'own_certificate_ends_soon'
  | 'own_certificate_not_renewed'
  | 'own_certificate_withdrawn'
  | 'own_certificate_not_yet_valid'
  | 'no_anchor_in_time'
  | 'rotation_refused'
  | 'bundle_refused'
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
  rotationFailureTolerance: number({ most: Infinity }),
  requireCrls: anything,
  requiredLifetime: duration({ least: 0 }),
  requiredLifetimeIfFailing: duration({ least: 0 }),
  now: clock
}
export const readinessOptions: OptionSet =
  defineOptions<ReadinessOptions>('readiness', MonitorOptionError, READINESS)
const OPTIONS = defineOptions<WatchReadinessOptions>('readiness', MonitorOptionError, {
  ...READINESS, credentials: required(credentialSource), revocation: anything
})

/**
 * Watches whether this process can present a valid certificate and verify its clients.
 *
 * It is not ready if the own certificate or an intermediate is expired, is not valid yet or ends within
 * `requiredLifetime` (`requiredLifetimeIfFailing` while it cannot be renewed), if the own certificate was withdrawn, if
 * no trusted CA is valid, if a complete CRL has expired, or if the source has been failing for longer than
 * `rotationFailureTolerance`.
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
  const { credentials, revocation, requireCrls = true, requiredLifetime = 0, now = Date.now } = options
  const { rotationFailureTolerance = Infinity, requiredLifetimeIfFailing = 0 } = options
  /** By authority. Undefined: what is refused as a whole. */
  const refusedSince = new Map<string | undefined, number>()
  // It may have begun before this.
  const { state, since = 0 } = credentials.status?.() ?? {}
  if (state === 'failing') refusedSince.set(undefined, since)
  const unsubscribe = credentials.subscribe((change) => {
    if (change.type === 'recovered') refusedSince.delete(change.authority)
    if (change.type === 'recovered' && credentials.status?.().state === 'live') refusedSince.delete(undefined)
    if (change.type === 'refused' && !refusedSince.has(change.authority)) refusedSince.set(change.authority, now())
  })
  return {
    ready () {
      const time = now()
      const { bundles = [], renewal } = credentials.status?.() ?? {}
      const reasons = checkOwnCertificates(credentials, time, requiredLifetime)
      if ((renewal?.failures ?? 0) > 0 && isOwnLifetimeBelow(credentials, time, requiredLifetimeIfFailing)) {
        reasons.push('own_certificate_not_renewed')
      }
      const warnings: NotReadyReason[] = []
      const own = [...refusedSince].filter(([part]) => !bundles.some(({ authority }) => authority === part))
      if (own.length > 0) {
        const isTooLong = time - Math.min(...own.map(([, began]) => began)) > rotationFailureTolerance
        const list = isTooLong ? reasons : warnings
        list.push('rotation_refused')
      }
      if (bundles.some(({ problem }) => problem !== undefined)) warnings.push('bundle_refused')
      // If a delta CRL has expired, its complete CRL still answers.
      if (listCrls(credentials, revocation).some(({ nextUpdate, isDelta }) => !isDelta && nextUpdate <= time)) {
        (requireCrls ? reasons : warnings).push('crl_expired')
      }
      return { ready: reasons.length === 0, reasons, warnings }
    },
    close: unsubscribe
  }
}

function isOwnLifetimeBelow (
  { current: { identity, intermediates } }: CredentialSource, time: number, required: number
): boolean {
  return [identity, ...intermediates].some((each) => endOfValidity(each) - time < required)
}

function checkOwnCertificates (
  credentials: CredentialSource, time: number, requiredLifetime: number
): NotReadyReason[] {
  const { identity, intermediates, anchors, withdrawn } = credentials.current
  const own = [identity, ...intermediates].map((certificate) => validityAt(certificate, time))
  const reasons: NotReadyReason[] = []
  if (own.includes('expired')) reasons.push('own_certificate_expired')
  else if (isOwnLifetimeBelow(credentials, time, requiredLifetime)) reasons.push('own_certificate_ends_soon')
  if (withdrawn === true) reasons.push('own_certificate_withdrawn')
  if (own.includes('not_yet_valid')) reasons.push('own_certificate_not_yet_valid')
  if (!anchors.some((anchor) => validityAt(anchor, time) === 'valid')) reasons.push('no_anchor_in_time')
  return reasons
}
