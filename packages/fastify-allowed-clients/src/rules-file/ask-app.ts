import { describeValue, isThenable, messageOf } from '@peerkit/identity/internal'
import { RulesFileInvalidError } from '../errors.ts'

/**
 * Asks the app by `onReload` whether a changed file may come into force.
 *
 * @param ask calls `onReload`
 * @param signal aborted when the app closes
 * @throws RulesFileInvalidError (`rejected`) unless the answer is `true` or nothing
 */
export async function askApp (ask: () => unknown, file: string, signal: AbortSignal): Promise<void> {
  const refuse = (why: string, cause?: unknown): never => {
    throw new RulesFileInvalidError(file, 'rejected', `onReload ${why}`, { cause })
  }
  let answer: unknown
  try {
    answer = await untilAborted(ask(), signal)
  } catch (error) {
    return refuse(`refused the change: ${messageOf(error)}`, error)
  }
  if (signal.aborted) return refuse('was asked until the app closed')
  if (answer === false) return refuse('refused the change')
  if (answer !== undefined && answer !== true) {
    return refuse(`returned ${describeValue(answer)}; expected true, false or nothing`)
  }
}

/** A promise that never settles must not keep the app from closing. */
async function untilAborted (answer: unknown, signal: AbortSignal): Promise<unknown> {
  if (!isThenable(answer)) return answer
  const aborted = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => { resolve() }, { once: true })
  })
  return await Promise.race([answer, aborted])
}
