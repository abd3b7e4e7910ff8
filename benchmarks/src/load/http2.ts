// A load generator for HTTP/2 that uses little CPU time compared with the servers that it measures: it sends the same
// HEADERS frame for each request, and reads only the status and the end of an answer.
import { connect } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { Tally } from './load.ts'
import type { LoadOptions, LoadResult } from './load.ts'

const CONNECTIONS = 4
const STREAMS = 10
const [DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE] = [0, 1, 3, 4, 6, 7, 8]
const [END_STREAM, END_HEADERS, ACK] = [0x1, 0x4, 0x1]
/**
 * Static table of RFC 7541: `:method: GET`, `:scheme: https`, `:path: /`; then `:authority` as a literal that enters no
 * table.
 */
const BLOCK = Buffer.from([0x82, 0x87, 0x84, 0x01, 9, ...Buffer.from('localhost')])
/** `:status: 200` of the static table. */
const STATUS_200 = 0x88

/** Keeps STREAMS requests in flight on each of some connections, for a stated time. */
export async function loadHttp2 (options: LoadOptions): Promise<LoadResult> {
  const sockets = await Promise.all(Array.from(
    { length: options.connections ?? CONNECTIONS }, async () => await open(options)
  ))
  const tally = new Tally()
  const end = performance.now() + options.seconds * 1000
  await Promise.all(sockets.map(async (socket) => { await drive(socket, tally, end) }))
  return tally.finish()
}

async function open ({ port, material: { ca, client } }: LoadOptions): Promise<TLSSocket> {
  return await new Promise((resolve, reject) => {
    const socket = connect(
      { host: '127.0.0.1', port, servername: 'localhost', ca, ...client, ALPNProtocols: ['h2'] },
      () => { resolve(socket.off('error', reject)) }
    ).on('error', reject)
  })
}

async function drive (socket: TLSSocket, tally: Tally, end: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const sent = new Map<number, number>()
    let stream = -1
    const finish = (failure?: Error): void => {
      socket.removeAllListeners().on('error', () => {}).destroy()
      if (failure === undefined) resolve()
      else reject(failure)
    }
    const request = (): Buffer => {
      stream += 2
      sent.set(stream, performance.now())
      return frame(HEADERS, END_STREAM | END_HEADERS, stream, BLOCK)
    }
    const take = (type: number, flags: number, id: number, payload: Buffer): Buffer | undefined => {
      if (type === SETTINGS) return (flags & ACK) === 0 ? frame(SETTINGS, ACK, 0) : undefined
      if (type === PING) return (flags & ACK) === 0 ? frame(PING, ACK, 0, payload) : undefined
      if (type === RST_STREAM || type === GOAWAY) {
        throw new Error(`the server ended ${type === GOAWAY ? 'the connection' : 'a stream'}`)
      }
      if (type === HEADERS) checkStatus(payload)
      if ((type !== HEADERS && type !== DATA) || (flags & END_STREAM) === 0) return undefined
      const now = performance.now()
      tally.add(now - (sent.get(id) ?? NaN))
      sent.delete(id)
      return now < end ? request() : undefined
    }
    const reader = readFrames(take)
    socket.on('data', (chunk: Buffer) => {
      try {
        const answers = reader(chunk)
        if (sent.size === 0) finish()
        else if (answers.length > 0) socket.write(Buffer.concat(answers))
      } catch (error) {
        finish(error as Error)
      }
    }).on('error', finish).on('close', () => { finish(new Error('the connection ended in the middle of a request')) })
    const window = Buffer.alloc(4)
    window.writeUInt32BE(0x7fff_ffff - 65_535)
    socket.write(Buffer.concat([
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(SETTINGS, 0, 0), frame(WINDOW_UPDATE, 0, 0, window),
      ...Array.from({ length: STREAMS }, request)
    ]))
  })
}

/** Collects the frames to send in response to all complete frames of a chunk. */
function readFrames (
  take: (type: number, flags: number, id: number, payload: Buffer) => Buffer | undefined
): (chunk: Buffer) => Buffer[] {
  let pending: Buffer = Buffer.alloc(0)
  return (chunk) => {
    const bytes = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    const answers: Buffer[] = []
    let at = 0
    while (bytes.length - at >= 9) {
      const end = at + 9 + bytes.readUIntBE(at, 3)
      if (end > bytes.length) break
      const answer = take(
        bytes[at + 3] as number, bytes[at + 4] as number, bytes.readUInt32BE(at + 5) & 0x7fff_ffff,
        bytes.subarray(at + 9, end)
      )
      if (answer !== undefined) answers.push(answer)
      at = end
    }
    pending = bytes.subarray(at)
    return answers
  }
}

/** The first field of an answer is its status; a change of the table's size (001xxxxx) may precede it. */
function checkStatus (block: Buffer): void {
  let at = 0
  while (((block[at] ?? 0) & 0xe0) === 0x20) {
    at += (((block[at] ?? 0) & 0x1f) === 0x1f) ? 2 + ((block[at + 1] ?? 0) >> 7) + ((block[at + 2] ?? 0) >> 7) : 1
  }
  if (block[at] !== STATUS_200) throw new Error('an answer whose status is not 200')
}

function frame (type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const bytes = Buffer.allocUnsafe(9 + payload.length)
  bytes.writeUIntBE(payload.length, 0, 3)
  bytes[3] = type
  bytes[4] = flags
  bytes.writeUInt32BE(stream, 5)
  payload.copy(bytes, 9)
  return bytes
}
