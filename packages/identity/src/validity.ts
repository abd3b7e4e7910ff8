/** The validity period of a certificate, in milliseconds since the epoch. A `PeerIdentity` has both. */
export interface ValidityPeriod {
  readonly notBefore?: number | undefined
  readonly notAfter?: number | undefined
}

/**
 * When a certificate expires, in milliseconds since the epoch. It is still valid in the second of `notAfter` (RFC 5280
 * section 4.1.2.5), so this is one second later. A certificate without `notAfter` counts as expired.
 *
 * @example
 * ```ts
 * if (Date.now() >= endOfValidity(peer)) console.log('expired')
 * ```
 */
export function endOfValidity ({ notAfter = -Infinity }: ValidityPeriod): number {
  return notAfter + 1_000
}

/**
 * Whether a certificate is valid at a time (RFC 5280 section 4.1.2.5). All packages use this function, so that they
 * agree to the millisecond.
 *
 * @param now milliseconds since the epoch
 * @returns `valid`, `expired` or `not_yet_valid`
 * @example
 * ```ts
 * console.log(validityAt(peer, Date.now())) // valid
 * ```
 */
export function validityAt (period: ValidityPeriod, now: number): 'valid' | 'expired' | 'not_yet_valid' {
  if (now >= endOfValidity(period)) return 'expired'
  return now < (period.notBefore ?? Infinity) ? 'not_yet_valid' : 'valid'
}
