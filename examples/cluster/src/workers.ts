import cluster from 'node:cluster'
import type { Worker } from 'node:cluster'
import { once } from 'node:events'
import { join } from 'node:path'
import type { AddressInfo } from 'node:net'
import type { WorkerMessage } from './worker.ts'

/** What a worker said, and which one. */
export interface Heard { readonly worker: number, readonly message: WorkerMessage }

export interface Workers {
  readonly port: number
  readonly ids: readonly number[]
  /** All that workers said so far. */
  readonly heard: readonly Heard[]
  /** Starts a new worker for each one, and stops the old one once the new one listens. */
  replace (): Promise<void>
  close (): Promise<void>
}

/** Starts worker processes that share one port. One that ends unexpectedly is replaced. */
export async function startWorkers (folder: string, count: number): Promise<Workers> {
  cluster.setupPrimary({ exec: join(import.meta.dirname, 'worker.ts') })
  const running = new Map<number, Worker>()
  const heard: Heard[] = []

  async function start (): Promise<number> {
    const worker = cluster.fork({ CLUSTER_FOLDER: folder })
    worker.on('message', (message: WorkerMessage) => { heard.push({ worker: worker.id, message }) })
    running.set(worker.id, worker)
    const failed = once(worker, 'exit').then(([code]) => { throw new Error(`worker ${worker.id} ended with ${code}`) })
    const [address] = await Promise.race([once(worker, 'listening'), failed]) as [AddressInfo]
    // From here on it has listened before.
    failed.catch(() => {
      if (running.delete(worker.id)) start().catch(console.error)
    })
    return address.port
  }

  async function stop (worker: Worker): Promise<void> {
    running.delete(worker.id)
    const ended = once(worker, 'exit')
    worker.process.kill('SIGTERM')
    const [code, signal] = await ended
    if (code !== 0) throw new Error(`worker ${worker.id} ended with ${code ?? signal}`)
  }

  const started = await Promise.allSettled(Array.from({ length: count }, start))
  const failure = started.find((one) => one.status === 'rejected')
  if (failure !== undefined) {
    for (const worker of running.values()) worker.process.kill()
    throw failure.reason
  }
  const port = started[0]?.status === 'fulfilled' ? started[0].value : 0
  return {
    port,
    heard,
    get ids () { return [...running.keys()] },
    replace: async () => {
      for (const worker of [...running.values()]) {
        await start()
        await stop(worker)
      }
    },
    close: async () => { await Promise.all([...running.values()].map(stop)) }
  }
}
