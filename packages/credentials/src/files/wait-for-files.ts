import { stat } from 'node:fs/promises'
import type { Clock } from '../clock.ts'
import { unavailable } from '../errors.ts'

/** Milliseconds between two attempts. */
const PAUSE = 250

export interface WaitOptions {
  /** Milliseconds to wait. 0: one attempt. */
  readonly waitFor: number
  /** Ends the wait. */
  readonly signal: AbortSignal | undefined
  readonly clock: Clock
  /** All files, for the error. */
  readonly paths: readonly string[]
}

/**
 * Calls `load` until it succeeds or the time is up. A sidecar may write the files a moment after the start of the
 * process, one after the other. Options that are wrong are not tried again.
 *
 * @throws the reason of the signal, or MTLS_ERR_CREDENTIALS_UNAVAILABLE with the missing files and the last error
 */
export async function waitForFiles<Result> (
  load: () => Promise<Result>, { waitFor, signal, clock, paths }: WaitOptions
): Promise<Result> {
  const end = clock.now() + waitFor
  for (;;) {
    signal?.throwIfAborted()
    try {
      return await load()
    } catch (error) {
      signal?.throwIfAborted()
      const { code } = error as { code?: string }
      const mayPass = code === 'MTLS_ERR_CREDENTIALS_UNAVAILABLE' || code === 'MTLS_ERR_CREDENTIALS_REFUSED'
      if (waitFor === 0 || !mayPass) throw error
      const left = end - clock.now()
      if (left <= 0) throw await describeMissing(error as Error, waitFor, paths)
      await pause(Math.min(PAUSE, left), clock, signal)
    }
  }
}

async function describeMissing (error: Error, waitFor: number, paths: readonly string[]): Promise<Error> {
  const found = await Promise.all(paths.map(async (path) => await stat(path).then(({ size }) => size > 0, () => false)))
  const missing = paths.filter((_, index) => found[index] === false)
  const what = missing.length === 0 ? 'all files are there' : `missing or empty: ${missing.join(', ')}`
  const last = error.message.replace(/^Credentials [a-z]+: /, '')
  return unavailable('timeout', `the files were not complete within ${waitFor} ms; ${what}; last error: ${last}`, error)
}

async function pause (delay: number, clock: Clock, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    const finish = (): void => {
      cancel()
      signal?.removeEventListener('abort', finish)
      resolve()
    }
    const cancel = clock.schedule(finish, delay)
    signal?.addEventListener('abort', finish, { once: true })
  })
}
