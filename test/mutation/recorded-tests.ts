// Stands in for `tap` in bundled test files: keeps each test instead of running it, so that the runner can run one alone.
import type { Test } from 'tap'

export interface RecordedTest {
  readonly name: string
  /** What the test file gave to `test`. */
  readonly options: readonly unknown[]
}

let recorded: RecordedTest[] = []

/** What the test files call. It is found as a global, because a bundle is another module than this one. */
function record (name: string, ...options: readonly unknown[]): void {
  const same = recorded.filter((test) => test.options[0] === name).length
  recorded.push({ name: same === 0 ? name : `${name} #${same + 1}`, options: [name, ...options] })
}
Object.assign(globalThis, { peerkitRecord: record })

/** The code of the module `tap`, in a bundle. */
export const TAP = 'export const test = (...options) => globalThis.peerkitRecord(...options)'

/** The tests of a file, in their order. */
export async function loadTests (file: () => Promise<void>): Promise<readonly RecordedTest[]> {
  recorded = []
  await file()
  return recorded
}

/**
 * Runs a test to its first failure, and returns what failed. Tests within that are ended then may reject with "bailout",
 * which nobody handles.
 *
 * @param channel what keeps the process alive, and must not while the test runs
 */
export async function runTest (
  Class: typeof Test, { name, options }: RecordedTest, channel: typeof process.channel | null = process.channel
): Promise<string | undefined> {
  const root = new Class({ name, bail: true })
  let output = ''
  root.on('data', (text) => { output += String(text) })
  // By the settings of tap, half a minute: a busy machine would fail the test.
  root.setTimeout(0)
  const failed = (): string => /not ok \d+ - .*/.exec(output)?.[0] ?? output
  return await new Promise((resolve) => {
    // A test that waits for what never comes would wait for ever. Node tells when nothing is left that could come.
    const stuck = (): void => end('it waits for what never comes')
    const end = (failure: string | undefined): void => {
      process.off('beforeExit', stuck)
      channel?.ref()
      resolve(failure)
    }
    channel?.unref()
    process.once('beforeExit', stuck)
    root.once('bailout', () => end(failed()))
    root.once('end', () => end(root.passing() ? undefined : failed()))
    // It rejects when the test fails, which the events tell.
    Reflect.apply(root.test, root, options).catch(() => undefined)
    root.end()
  })
}
