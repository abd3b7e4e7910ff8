import { connect } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { Tally } from './load.ts'
import type { LoadOptions, LoadResult } from './load.ts'

const LANES = 8
const REQUEST = 'GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n'

/** Opens connections one after the other in some lanes, each with one request; with `resume` all of them by one session's ticket. */
export async function loadHandshakes (options: LoadOptions, resume: boolean): Promise<LoadResult & { readonly resumed: number }> {
  const session = resume ? await fetchSession(options) : undefined
  const tally = new Tally()
  const end = performance.now() + options.seconds * 1000
  let resumed = 0
  await Promise.all(Array.from({ length: LANES }, async () => {
    while (performance.now() < end) {
      const started = performance.now()
      if (await callOnce(options, session)) resumed += 1
      tally.add(performance.now() - started)
    }
  }))
  const result = tally.finish()
  return { ...result, resumed: resumed / result.answered }
}

/** Whether the session was resumed. */
async function callOnce (options: LoadOptions, session: Buffer | undefined): Promise<boolean> {
  return await new Promise((resolve, reject) => {
    let answer = ''
    const socket = open(options, session)
    socket.on('data', (chunk: Buffer) => { answer += chunk.toString('latin1', 0, 12) }).on('error', reject)
    socket.once('end', () => {
      if (answer.slice(9, 12) === '200') resolve(socket.isSessionReused())
      else reject(new Error(`answered by "${answer}"`))
    })
    socket.write(REQUEST)
  })
}

async function fetchSession (options: LoadOptions): Promise<Buffer> {
  return await new Promise((resolve, reject) => {
    let session: Buffer | undefined
    const socket = open(options, undefined)
    socket.on('session', (given: Buffer) => { session = given }).on('error', reject).resume()
    socket.once('end', () => { session === undefined ? reject(new Error('the server gave no session')) : resolve(session) })
    socket.write(REQUEST)
  })
}

function open ({ port, material: { ca, client } }: LoadOptions, session: Buffer | undefined): TLSSocket {
  return connect({ host: '127.0.0.1', port, servername: 'localhost', ca, ...client, ALPNProtocols: ['http/1.1'], ...(session !== undefined && { session }) })
}
