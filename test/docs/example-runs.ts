import { join } from 'node:path'
import { runNode } from './child-run.ts'
import type { ExampleMessage } from './run-examples.ts'

export interface ExampleRuns {
  /** For each module: why it failed; undefined if it did not. */
  readonly errors: ReadonlyArray<string | undefined>
  /** Why the process did not end by itself, and which modules may be the reason; undefined if it ended. */
  readonly open: { readonly resources: readonly string[], readonly since: readonly number[] } | undefined
  readonly output: string
}

/** Runs modules of examples in one process, one after the other, from the working folder `cwd`. */
export async function runExamples (modules: readonly string[], cwd: string): Promise<ExampleRuns> {
  const errors: Array<string | undefined> = modules.map(() => 'did not run')
  let open: ExampleRuns['open']
  let isFinished = false
  const onMessage = (message: ExampleMessage): void => {
    if (message.type === 'started') errors[message.index] = 'the process ended before the example did'
    else if (message.type === 'ended') errors[message.index] = message.error
    else if (message.type === 'open') open = message
    else isFinished = true
  }
  const { code, output } = await runNode([join(import.meta.dirname, 'run-examples.ts'), ...modules], { cwd, onMessage })
  // What an example left behind may still throw after the last one.
  if (isFinished && code !== 0) errors[errors.length - 1] ??= `the process ended with exit code ${code}`
  return { errors: errors.map((error) => error === undefined ? undefined : `${error}\n${output}`), open, output }
}
