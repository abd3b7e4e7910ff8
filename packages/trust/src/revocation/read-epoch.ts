import type { RevocationChecker } from '@peerkit/revocation'

/** The epoch of a checker. NaN if it cannot be read: NaN equals no epoch, so no earlier answer is used again. */
export function readEpoch (checker: RevocationChecker): number {
  try {
    return checker.epoch
  } catch {
    return Number.NaN
  }
}
