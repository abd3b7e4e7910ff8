import type { RevocationChecker } from '@peerkit/revocation'

/** The epoch of a checker; NaN, which equals no epoch, where it cannot be read: then no earlier answer is used again. */
export function readEpoch (checker: RevocationChecker): number {
  try {
    return checker.epoch
  } catch {
    return Number.NaN
  }
}
