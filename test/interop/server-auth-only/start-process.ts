import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { after } from 'tap'
import { freePort } from '../free-port.ts'
import { isReady } from './call.ts'
import { folder } from './world.ts'

export interface Running {
  readonly port: number
  /** All that it has logged so far. */
  log (): string
  close (): Promise<void>
}

const running = new Set<ChildProcess>()
after(() => { for (const child of running) child.kill('SIGKILL') })

/** Starts a server in a folder of its own; it is there when it shows its certificate. */
export async function startProcess (name: string, command: (port: number, run: string, log: string) => readonly [string, ...string[]]): Promise<Running> {
  const [port, run] = [await freePort(), join(folder, name.replaceAll(/\W/g, '-'))]
  mkdirSync(run)
  const path = join(run, 'output.log')
  const [file, ...args] = command(port, run, path)
  const log = openSync(path, 'a')
  const child = spawn(file, args, { stdio: ['ignore', log, log], env: { ...process.env, HOME: run } })
  closeSync(log)
  running.add(child)
  const ended = once(child, 'close')
  const read = (): string => readFileSync(path, 'utf8')
  while (child.exitCode === null && !await isReady(port)) await setImmediate()
  if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}:\n${read()}`)
  return {
    port,
    log: read,
    close: async () => {
      child.kill('SIGTERM')
      await ended
      running.delete(child)
    }
  }
}
