import { spawn } from 'node:child_process'
import type { SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** A program that runs until it is told to stop. */
export interface Program {
  /** What it has printed so far, by lines. */
  readonly lines: readonly string[]
  /** The line that said that it is ready. */
  readonly ready: string
  /** Writes a line to its standard input. */
  write (line: string): void
  /** Waits for a line that was not waited for before. */
  nextLine (pattern: RegExp): Promise<string>
  /** Sends it a signal, such as SIGSTOP. */
  signal (signal: NodeJS.Signals): void
  /** Ends it without a word. */
  kill (): Promise<void>
}

/**
 * Starts a program, and waits until it says that it is ready.
 *
 * @throws Error with the last lines of the program if it ends before
 */
export async function startProgram (
  file: string, args: readonly string[], ready: RegExp, options: SpawnOptions = {}
): Promise<Program> {
  const child = spawn(file, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] })
  const lines: string[] = []
  const waiting = new Set<() => void>()
  let read = 0
  let end: string | undefined
  const wake = (): void => { for (const look of [...waiting]) look() }
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', (line) => { lines.push(line); wake() })
  }
  child.on('error', (error) => { end = error.message; wake() })
  child.on('close', (code, signal) => {
    end ??= `ended with ${String(code ?? signal)}:\n${lines.slice(-8).join('\n')}`
    wake()
  })
  child.stdin?.on('error', () => {})
  async function nextLine (pattern: RegExp): Promise<string> {
    return await new Promise((resolve, reject) => {
      const look = (): void => {
        const found = lines.findIndex((line, index) => index >= read && pattern.test(line))
        if (found < 0 && end === undefined) return
        waiting.delete(look)
        if (found < 0) reject(new Error(`${file} ${String(end)}`))
        read = found + 1
        resolve(lines[found] ?? '')
      }
      waiting.add(look)
      look()
    })
  }
  return {
    lines,
    ready: await nextLine(ready),
    write: (line) => { child.stdin?.write(`${line}\n`) },
    nextLine,
    signal: (signal) => { child.kill(signal) },
    async kill () {
      if (child.exitCode !== null || child.signalCode !== null) return
      const closed = once(child, 'close')
      child.kill('SIGKILL')
      await closed
    }
  }
}
