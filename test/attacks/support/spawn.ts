import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Test } from './serve.ts'

export interface Worker {
  /** Its answer to its first message. */
  readonly started: any
  /** Sends a message; the answer, or `died` with the signal or the exit code. */
  tell (message: object): Promise<any>
}

/** A server or an agent in a process of its own. */
export async function spawnWorker (t: Test, told: object, env: Readonly<Record<string, string>> = {}): Promise<Worker> {
  const child = fork(join(import.meta.dirname, 'worker.ts'), { env: { ...process.env, ...env } })
  const exited = once(child, 'exit').then(([code, signal]) => ({ died: signal ?? code }))
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const tell = async (message: object): Promise<any> => {
    if (!child.connected) return await exited
    const told = once(child, 'message').then(([answer]) => answer)
    child.send(message, () => {})
    return await Promise.race([told, exited])
  }
  const started = await tell(told)
  if (started.error !== undefined) throw new Error(started.error)
  return { started, tell }
}
