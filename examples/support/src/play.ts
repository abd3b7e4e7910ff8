import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

/** A run of an example. */
export interface Run {
  /** A temporary folder, removed at the end. */
  readonly folder: string
  title (text: string): void
  line (text: string): void
  /** Prints an outcome. If it is not the expected one, the run ends and fails. */
  expect (what: string, found: string, expected: string | RegExp): void
  /** What is to be closed at the end. The last one is closed first. */
  onEnd (close: () => unknown): void
}

/**
 * Plays the steps of an example. With `--serve` it then prints the lines that the steps returned, such as commands to
 * paste into another terminal, and goes on until Ctrl+C.
 */
export async function play (steps: (run: Run) => Promise<readonly string[]>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'peerkit-example-'))
  const ends: Array<() => unknown> = [async () => { await rm(folder, { recursive: true, force: true }) }]
  const title = (text: string): void => { console.log(`\n${text}`) }
  const line = (text: string): void => { console.log(`   ${text}`) }
  const expect: Run['expect'] = (what, found, expected) => {
    const met = typeof expected === 'string' ? found === expected : expected.test(found)
    line(`${met ? 'ok  ' : 'FAIL'} ${what}: ${found}`)
    if (!met) throw new Error(`${what}: found "${found}", expected ${String(expected)}`)
  }
  try {
    const { serve: isServing } = parseArgs({ options: { serve: { type: 'boolean' } } }).values
    const commands = await steps({ folder, title, line, expect, onEnd: (close) => { ends.unshift(close) } })
    title('Every step had the expected outcome.')
    if (isServing === true) await serve(commands)
  } catch (error) {
    console.error(error)
    title('FAILED: a step had an unexpected outcome.')
    process.exitCode = 1
  } finally {
    for (const end of ends) await end()
  }
}

async function serve (commands: readonly string[]): Promise<void> {
  console.log(`\n${commands.join('\n')}\n\nPress Ctrl+C to stop. The certificates are removed then.`)
  // A listener of a signal alone keeps no process running.
  const timer = setInterval(() => {}, 2 ** 30)
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => { resolve() })
  })
  clearInterval(timer)
}
