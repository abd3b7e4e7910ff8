// Requests at a steady rate, on connections that stay open. Each is timed from the moment at which it was due, so that
// a server that stops delays those that wait behind it too.
import { setTimeout as wait } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import { REQUEST, answerLength, open } from './http1.ts'
import type { LoadOptions } from './load.ts'

const CONNECTIONS = 8

/** An answer: when its request was due, and how long it took, in milliseconds. */
export interface Answered { readonly due: number, readonly latency: number }

export interface PacedLoad {
  /** Ends the load. Rejects if a request failed. */
  stop (): Promise<readonly Answered[]>
}

/** @param rate requests each second */
export async function startPacedLoad (
  options: Pick<LoadOptions, 'port' | 'material'>, rate: number
): Promise<PacedLoad> {
  const sockets = await Promise.all(Array.from({ length: CONNECTIONS }, async () => await open(options)))
  const answers: Answered[] = []
  const every = CONNECTIONS * 1_000 / rate
  const begun = performance.now()
  const over = new AbortController()
  const drive = async (socket: TLSSocket, first: number): Promise<void> => {
    for (let due = first; !over.signal.aborted; due += every) {
      const left = due - performance.now()
      if (left > 0) await wait(left)
      // The timer of the load may be late; a request that had to wait for the one before is the server's fault.
      const sent = left > 0 ? performance.now() : due
      await ask(socket)
      answers.push({ due: sent, latency: performance.now() - sent })
    }
    socket.destroy()
  }
  const driven = Promise.all(sockets.map(async (socket, index) => {
    await drive(socket, begun + index * every / CONNECTIONS)
  }))
  // It is reported when the load is stopped.
  driven.catch(() => {})
  return {
    async stop () {
      over.abort()
      await driven
      return answers.sort((a, b) => a.due - b.due)
    }
  }
}

async function ask (socket: TLSSocket): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let received = Buffer.alloc(0)
    const length = answerLength()
    const finish = (error?: Error): void => {
      socket.off('data', take).off('error', finish).off('close', fail)
      if (error === undefined) resolve()
      else reject(error)
    }
    const take = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk])
      const total = length(received)
      if (total instanceof Error) finish(total)
      else if (received.length >= total) finish()
    }
    const fail = (): void => { finish(new Error('the connection ended in the middle of a request')) }
    socket.on('data', take).on('error', finish).on('close', fail)
    socket.write(REQUEST)
  })
}
