import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { AppSpec, Message, Ports, Question, Reply, Served } from './worker.ts'

export interface Worker {
  /** By the name of the app. */
  readonly ports: Ports
  take (name: string): Promise<Served>
  close (): Promise<void>
}

/** Starts a worker on the Node that PEERKIT_NODE names, else on this one. */
export async function startWorker (specs: readonly AppSpec[]): Promise<Worker> {
  const child = fork(join(import.meta.dirname, 'worker.ts'), [], {
    execPath: process.env['PEERKIT_NODE'] ?? process.execPath,
    execArgv: ['--conditions=@peerkit/source', '--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc']
  })
  const waiting = new Map<number, PromiseWithResolvers<Reply['answer']>>()
  const ended = once(child, 'exit')
  child.on('message', ({ number, answer }: Reply) => { waiting.get(number)?.resolve(answer) })
  child.once('exit', () => { for (const { reject } of waiting.values()) reject(new Error('the worker ended')) })
  const ask = async (question: Question): Promise<Reply['answer']> => {
    const message: Message = { number: waiting.size, question }
    const answer = Promise.withResolvers<Reply['answer']>()
    waiting.set(message.number, answer)
    child.send(message)
    return await answer.promise
  }
  return {
    ports: await ask({ serve: specs }) as Ports,
    take: async (name) => await ask({ take: name }) as Served,
    close: async () => {
      if (child.connected) child.disconnect()
      await ended
    }
  }
}
