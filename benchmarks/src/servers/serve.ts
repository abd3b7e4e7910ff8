// A server in a separate process. It takes commands by IPC, one at a time. `start` returns the port; the other commands
// are those of the server.
import type { Material } from '../world.ts'
import { kinds } from './kinds.ts'
import type { Serving } from './serving.ts'

interface Start {
  readonly kind: string
  readonly protocol: 'h1' | 'h2' | 'plain'
  readonly material: Material
  readonly options: Readonly<Record<string, unknown>>
}

let serving: Serving | undefined

async function obey (command: string, value: unknown): Promise<unknown> {
  if (command === 'start') {
    const { kind, protocol, material, options } = value as Start
    const make = kinds[kind]
    if (make === undefined) throw new Error(`no server is called ${kind}`)
    serving = await (await make())(protocol, material, options)
    return serving.port
  }
  if (command === 'memory') return await readMemory()
  if (command === 'cpuSeconds') return readOwnCpuSeconds()
  const own = serving?.commands?.[command]
  if (own === undefined) throw new Error(`no command is called ${command}`)
  return await own(value)
}

/** All threads; the same account as /proc/PID/stat, in microseconds instead of hundredths of a second. */
function readOwnCpuSeconds (): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

async function readMemory (): Promise<{ rss: number, heap: number }> {
  const { gc } = globalThis as { gc?: () => void }
  for (let turn = 0; turn < 4; turn += 1) {
    gc?.()
    await new Promise((resolve) => { setTimeout(resolve, 50) })
  }
  const { rss, heapUsed, external } = process.memoryUsage()
  return { rss, heap: heapUsed + external }
}

process.on('message', ({ command, value }: { command: string, value: unknown }) => {
  obey(command, value).then((answer) => {
    process.send?.({ value: answer })
  }, (error: unknown) => { process.send?.({ error: String((error as Error).stack) }) })
})
process.on('disconnect', () => { process.exit(0) })
