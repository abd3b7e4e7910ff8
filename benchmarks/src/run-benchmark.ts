import { fork } from 'node:child_process'
import { once } from 'node:events'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import type { Result, Section, Setting } from './benchmark.ts'
import { describeMachine } from './machine.ts'
import { benchmarks } from './registry.ts'

/** No benchmark takes longer. One that does hangs. */
const LIMIT = 15 * 60_000

/** Runs a benchmark in a new process, without the heap, cache and optimised code of the previous one. */
export async function runBenchmark (name: string, setting: Setting): Promise<Result> {
  const started = new Date()
  const loadBefore = loadavg()
  const env = {
    ...process.env,
    ROUNDS: String(setting.rounds),
    SECONDS: String(setting.seconds),
    ROTATIONS: setting.quick ? '10' : '60',
    ...(setting.quick && { QUICK: '1' })
  }
  const child = fork(
    join(import.meta.dirname, 'run-one.ts'),
    [name, JSON.stringify(setting)],
    { env, stdio: ['ignore', 'pipe', 'inherit', 'ipc'], execArgv: ['--expose-gc', ...process.execArgv] }
  )
  const deadline = setTimeout(() => { child.kill('SIGKILL') }, LIMIT)
  let printed = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => { printed += text })
  let sections: readonly Section[] | undefined
  child.on('message', (message) => { sections = message as readonly Section[] })
  const [code] = await once(child, 'close')
  clearTimeout(deadline)
  if (code !== 0) {
    // A benchmark that prints its result exits with 1 if it missed its target. Its figures are shown all the same.
    if (printed === '') throw new Error(`the benchmark ${name} ended with ${String(code)}`)
    printed += `\nIt ended with exit code ${String(code)}: a target was missed.`
    process.exitCode = 1
  }
  return {
    name,
    quick: setting.quick,
    started: started.toISOString(),
    seconds: (Date.now() - started.getTime()) / 1000,
    setting,
    machine: describeMachine(loadBefore),
    sections: sections ?? [{ kind: 'text', title: benchmarks[name] ?? name, text: printed.trim() }]
  }
}
