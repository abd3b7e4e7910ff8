import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

/** A program that runs until it is told to stop. */
export interface Program {
  /** What it has printed so far. */
  output (): string
  kill (): Promise<void>
}

/** Looks whether it answers: ten seconds. */
const MOST_LOOKS = 500

/** Tries with other ports. */
const MOST_TRIES = 5

/**
 * Starts a program, and waits until it answers.
 *
 * @param answers whether it answers already; may reject
 * @throws Error with what the program printed if it ends before
 */
export async function startProgram (
  file: string, args: readonly string[], answers: () => Promise<boolean>, env: NodeJS.ProcessEnv = {}
): Promise<Program> {
  const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const printed: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => { printed.push(String(text)) })
  let fault: Error | undefined
  child.on('error', (error) => { fault = error })
  const hasEnded = (): boolean => fault !== undefined || child.exitCode !== null || child.signalCode !== null
  for (let look = 1; !await answers().catch(() => false); look += 1) {
    if (look > MOST_LOOKS) child.kill()
    if (look > MOST_LOOKS || hasEnded()) {
      throw new Error(`${file} does not answer:\n${fault?.message ?? printed.join('')}`)
    }
    await wait(20)
  }
  return {
    output: () => printed.join(''),
    async kill () {
      if (hasEnded()) return
      const closed = once(child, 'close')
      child.kill('SIGKILL')
      await closed
    }
  }
}

/**
 * Starts something on free ports. Another program may take one before it listens: then it is tried with others.
 *
 * @throws the error of the last try
 */
export async function withFreePorts<Started> (start: () => Promise<Started>): Promise<Started> {
  for (let count = 1; ; count += 1) {
    try {
      return await start()
    } catch (error) {
      if (count === MOST_TRIES || !/address already in use/.test((error as Error).message)) throw error
    }
  }
}

/** A port of this machine that nobody listens on. */
export async function freePort (): Promise<number> {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  taken.close()
  await once(taken, 'close')
  return port
}
