import { spawn } from 'node:child_process'
import { once } from 'node:events'

export interface ChildRun {
  readonly code: number | null
  /** What it wrote to stdout and stderr, in the order of arrival. */
  readonly output: string
}

export interface ChildOptions {
  readonly cwd: string
  /** Variables of the environment, beside those of this process. */
  readonly env?: Readonly<Record<string, string>>
  /** Called with everything that the child passes to `process.send`. */
  readonly onMessage?: (message: any) => void
}

/** Runs Node on the sources of the packages, without the environment of the test runner, until the process ends. */
export async function runNode (args: readonly string[], options: ChildOptions): Promise<ChildRun> {
  return await runChild(process.execPath, ['--conditions=@peerkit/source', ...args], options)
}

/** Runs a program until it ends. */
export async function runChild (program: string, args: readonly string[], options: ChildOptions): Promise<ChildRun> {
  const { cwd, env, onMessage } = options
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...(onMessage === undefined ? [] : ['ipc' as const])]
  })
  if (onMessage !== undefined) child.on('message', onMessage)
  let output = ''
  child.stdout!.on('data', (chunk) => { output += chunk })
  child.stderr!.on('data', (chunk) => { output += chunk })
  const [code] = await once(child, 'close')
  return { code, output }
}
