// Requests with given headers over kept-alive plain connections, as a gateway on the same machine sends them.
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { CONNECTIONS, Tally } from './load.ts'
import type { LoadResult } from './load.ts'

/**
 * Keeps connections busy for a stated time, one request after the other on each.
 *
 * @param heads names and values in turn, of each client; the clients take turns on every connection
 */
export async function loadHeaders (
  port: number, heads: ReadonlyArray<readonly string[]>, seconds: number
): Promise<LoadResult> {
  const requests = heads.map((head) => Buffer.from(
    `GET / HTTP/1.1\r\n${head.map((text, index) => index % 2 === 0 ? `${text}: ` : `${text}\r\n`).join('')}\r\n`,
    'latin1'
  ))
  const tally = new Tally()
  const end = performance.now() + seconds * 1_000
  await Promise.all(Array.from({ length: CONNECTIONS }, async (_, index) => {
    await drive(connect(port, '127.0.0.1').setNoDelay(), requests, index, tally, end)
  }))
  return tally.finish()
}

async function drive (
  socket: Socket, requests: readonly Buffer[], first: number, tally: Tally, end: number
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let turn = first
    let sent = performance.now()
    const next = (): void => {
      sent = performance.now()
      socket.write(requests[turn++ % requests.length] as Buffer)
    }
    socket.on('error', reject).once('connect', next)
    // Answers are so short that each comes whole.
    socket.on('data', (bytes) => {
      if (bytes.toString('latin1', 9, 12) !== '200') {
        return reject(new Error(`answered by "${bytes.toString('latin1', 0, 60)}"`))
      }
      const now = performance.now()
      tally.add(now - sent)
      if (now < end) return next()
      socket.destroy()
      resolve()
    })
  })
}
