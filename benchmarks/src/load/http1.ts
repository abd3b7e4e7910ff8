// A load generator for HTTP/1.1 that uses little CPU time compared with the servers that it measures: it sends fixed
// requests, and reads an answer only as far as its length.
import { connect } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { CONNECTIONS, Tally } from './load.ts'
import type { LoadOptions, LoadResult } from './load.ts'

export const REQUEST: Buffer = Buffer.from('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
const STATUS = '200'

/** Keeps connections busy for a stated time, one request after the other on each. */
export async function loadHttp1 (options: LoadOptions): Promise<LoadResult> {
  const { connections = CONNECTIONS } = options
  const sockets = await Promise.all(Array.from({ length: connections }, async () => await open(options)))
  const tally = new Tally()
  const end = performance.now() + options.seconds * 1000
  await Promise.all(sockets.map(async (socket) => { await drive(socket, tally, end, options) }))
  return tally.finish()
}

export async function open (
  { port, material: { ca, client } }: Pick<LoadOptions, 'port' | 'material'>
): Promise<TLSSocket> {
  return await new Promise((resolve, reject) => {
    const socket = connect(
      { host: '127.0.0.1', port, servername: 'localhost', ca, ...client, ALPNProtocols: ['http/1.1'] },
      () => { resolve(socket.off('error', reject)) }
    ).on('error', reject)
  })
}

async function drive (socket: TLSSocket, tally: Tally, end: number, options: LoadOptions): Promise<void> {
  let current = socket
  while (performance.now() < end) {
    const failure = await run(current, tally, end)
    if (failure === undefined) return
    if (options.forgiving !== true) throw failure
    tally.lost += 1
    current = await open(options)
  }
}

/** Runs until the time is over, or until something other than an answer came, with which it then resolves. */
async function run (socket: TLSSocket, tally: Tally, end: number): Promise<Error | undefined> {
  return await new Promise((resolve) => {
    let sent = performance.now()
    const length = answerLength()
    const finish = (failure?: Error): void => {
      socket.removeAllListeners().on('error', () => {}).destroy()
      resolve(failure)
    }
    const fail = (): void => { finish(new Error('the connection ended in the middle of a request')) }
    let pending: Buffer | undefined
    socket.on('data', (chunk: Buffer) => {
      const bytes = pending === undefined ? chunk : Buffer.concat([pending, chunk])
      const total = length(bytes)
      if (total instanceof Error) return finish(total)
      pending = total > bytes.length ? bytes : undefined
      if (pending !== undefined) return
      const now = performance.now()
      tally.add(now - sent)
      if (now >= end) return finish()
      sent = now
      socket.write(REQUEST)
    })
    socket.on('error', finish).on('close', fail)
    socket.write(REQUEST)
  })
}

/**
 * The length of the answer that begins here: Infinity while its head is incomplete. If it is as long as the previous
 * answer, only its status is read.
 */
export function answerLength (): (bytes: Buffer) => number | Error {
  let known = -1
  return (bytes) => {
    if (bytes.length < 12) return Infinity
    if (bytes.toString('latin1', 9, 12) !== STATUS) return new Error(`answered by "${bytes.toString('latin1', 0, 60)}"`)
    if (bytes.length === known) return known
    const head = bytes.indexOf('\r\n\r\n')
    if (head < 0) return Infinity
    const [, length] = /\r\ncontent-length: *(\d+)/i.exec(bytes.toString('latin1', 0, head)) ?? []
    if (length === undefined) return new Error('an answer without content-length')
    known = head + 4 + Number(length)
    return known
  }
}
