import type { NearestRule } from '@peerkit/events'

/**
 * Which values of a client's certificate a denial does not state: all of them, e-mail addresses, or none. The identity
 * (`peer`, `fingerprint256`) is always stated.
 */
export type Redaction = 'all' | 'email' | 'none'

export const REDACTIONS: readonly Redaction[] = ['all', 'email', 'none']

/** Stands for each value that is not stated. */
const REDACTED = '[redacted]'

/** What was found is replaced. Whether and how many values there are still helps to find the mistake. */
export function redactFound (nearest: NearestRule | undefined, redact: Redaction): NearestRule | undefined {
  if (nearest === undefined || redact === 'none') return nearest
  const failed = nearest.failed.map((one) => {
    const isHidden = one.found !== undefined && (redact === 'all' || isEmail(one.key))
    return isHidden ? { ...one, found: one.found.map(() => REDACTED) } : one
  })
  return { ...nearest, failed }
}

/** The key may be that of a rule within a rule: `not.email`. */
function isEmail (key: string): boolean { return /(?:^|\.)email$/.test(key) }
