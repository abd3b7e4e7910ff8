import { mock } from 'node:test'
import type { Test } from 'tap'

/**
 * Time limits of this process run out when `expire` is called, and not before: nothing depends on the machine's speed.
 */
export function holdTimeLimits (t: Test): { readonly expire: () => void } {
  const limits: AbortController[] = []
  const held = mock.method(AbortSignal, 'timeout', () => {
    const limit = new AbortController()
    limits.push(limit)
    return limit.signal
  })
  t.teardown(() => { held.mock.restore() })
  return { expire: () => { for (const limit of limits) limit.abort() } }
}
