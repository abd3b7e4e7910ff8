// Starts servers in separate processes, on the core for servers.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { SERVER_CORE, pinCommand } from './processor.ts'
import type { LoadResult } from './load/load.ts'
import type { Material } from './world.ts'

export type Protocol = 'h1' | 'h2'

/** A server under measurement. */
export interface Launched {
  readonly port: number
  /** CPU seconds of all processes that take part in an answer; undefined if the system does not say. */
  cpuSeconds (): Promise<number | undefined>
  /** Runs a command of servers/serve.ts. Rejects if it failed. */
  ask <T = unknown>(command: string, value?: unknown): Promise<T>
  stop (): Promise<void>
}

/** Starts servers/serve.ts with one kind of server. */
export async function launch (
  kind: string, protocol: Protocol | 'plain', material: Material, options: object = {}
): Promise<Launched> {
  const [execPath = '', ...execArgv] = pinCommand(
    SERVER_CORE, [process.execPath, '--expose-gc', ...process.execArgv.filter((argument) => argument !== '--expose-gc')]
  )
  const child = fork(join(import.meta.dirname, 'servers/serve.ts'), [], { execPath, execArgv })
  const ended = once(child, 'exit')
  const ask = async <T>(command: string, value?: unknown): Promise<T> => {
    child.send({ command, value })
    const [answer] = await Promise.race([
      once(child, 'message'), ended.then(() => { throw new Error(`the server "${kind}" ended`) })
    ])
    if (answer.error !== undefined) throw new Error(`${kind}: ${String(answer.error)}`)
    return answer.value as T
  }
  const port = await ask<number>('start', { kind, protocol, material, options })
  return {
    port,
    cpuSeconds: async () => await ask<number>('cpuSeconds'),
    ask,
    async stop () {
      child.kill()
      await ended
    }
  }
}

/** The figures of the load, together with the CPU time that the server used. */
export async function withCost <Result extends LoadResult> (
  server: Launched, load: () => Promise<Result>
): Promise<Result & { perCpuSecond: number, cpuMicroseconds: number, busy: number }> {
  const before = await server.cpuSeconds()
  const result = await load()
  const after = await server.cpuSeconds()
  const used = before === undefined || after === undefined ? NaN : after - before
  return {
    ...result,
    perCpuSecond: result.answered / used,
    cpuMicroseconds: used / result.answered * 1e6,
    busy: 100 * used / result.seconds
  }
}
