import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** Far beyond what any cell takes: it ends a client that hangs. */
const PATIENCE = 180_000

/** Without proxies: clients would ask them for our server. */
function environment (): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(([name]) => !/_proxy$/i.test(name))
  return { ...Object.fromEntries(others), LC_ALL: 'C' }
}

export interface Program { ask (line: string): Promise<string>, close (): Promise<void> }

/** A program that answers each line with a line. */
export function startProgram (file: string, args: readonly string[]): Program {
  const child = spawn(file, args, { env: environment(), stdio: ['pipe', 'pipe', 'pipe'] })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  let complaints = ''
  child.stderr.on('data', (chunk: Buffer) => { complaints += String(chunk) })
  child.stdin.on('error', () => {})
  const ended = once(child, 'close')
  ended.catch(() => {})
  return {
    ask: async (line) => {
      const timer = setTimeout(() => { child.kill('SIGKILL') }, PATIENCE)
      child.stdin.write(`${line}\n`)
      const { value, done } = await lines.next()
      clearTimeout(timer)
      if (done === true) throw new Error(`${file} ${args.join(' ')} ended:\n${complaints}`)
      return value
    },
    close: async () => {
      child.stdin.end()
      await ended
    }
  }
}

/** A program that runs once; whether it succeeds or not, what it wrote. */
export async function runOnce (file: string, args: readonly string[]): Promise<string> {
  const child = spawn(file, args, { env: environment(), stdio: ['ignore', 'pipe', 'pipe'], timeout: PATIENCE })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => { text += String(chunk) })
  await once(child, 'close')
  return text
}
