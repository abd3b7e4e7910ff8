import { request as requestHttp } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import type { Readable } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { Target, TlsConnection } from '../handshake/open-tls.ts'
import { describeRefusal } from '../server/describe-failure.ts'

/** The result of a GET. */
export interface ProbeAnswer {
  readonly status: number | undefined
  /** The `code` in the JSON body, as Fastify sends it. */
  readonly code: string | undefined
  /** Why there was no answer. */
  readonly failure: string | undefined
}

const MAX_BODY = 1 << 16
const AGENT = 'peerkit-probe'

/** Sends a GET over an open connection. In TLS 1.3 a refusal is visible only then. Never rejects. */
export async function askServer (connection: TlsConnection, target: Target, timeout: number): Promise<ProbeAnswer> {
  const { socket } = connection
  if (socket === undefined) return { status: undefined, code: undefined, failure: 'no connection' }
  try {
    const signal = AbortSignal.timeout(timeout)
    const { status, body } = await (socket.alpnProtocol === 'h2'
      ? askHttp2(socket, target, signal)
      : askHttp1(socket, target, signal))
    return { status, code: readCode(body), failure: undefined }
  } catch (error) {
    const { name } = error as Error
    const failure = name === 'AbortError' || name === 'TimeoutError'
      ? 'no answer in time'
      : describeRefusal(error as NodeJS.ErrnoException, connection.facts().alert)
    return { status: undefined, code: undefined, failure }
  }
}

interface Response { readonly status: number | undefined, readonly body: string }

async function askHttp1 (socket: TLSSocket, { host, port, path }: Target, signal: AbortSignal): Promise<Response> {
  return await new Promise((resolve, reject) => {
    const request = requestHttp({
      createConnection: () => socket,
      host,
      port,
      path,
      signal,
      headers: { connection: 'close', 'user-agent': AGENT, accept: 'application/json, */*' }
    })
    request.once('error', reject)
    request.once('response', (response) => {
      readBody(response).then((body) => { resolve({ status: response.statusCode, body }) }, reject)
    })
    request.end()
  })
}

async function askHttp2 (socket: TLSSocket, { authority, path }: Target, signal: AbortSignal): Promise<Response> {
  const session = connectHttp2(`https://${authority}`, { createConnection: () => socket })
  try {
    return await new Promise((resolve, reject) => {
      session.once('error', reject)
      session.once('close', () => {
        reject(Object.assign(new Error('the server closed the connection'), { code: 'ECONNRESET' }))
      })
      const stream = session.request({ ':path': path, 'user-agent': AGENT, accept: 'application/json, */*' }, {
        signal
      })
      stream.once('error', reject)
      stream.once('response', (headers) => {
        readBody(stream).then((body) => { resolve({ status: headers[':status'], body }) }, reject)
      })
    })
  } finally {
    session.destroy()
  }
}

/**
 * Reads with events. The iterator of an HTTP/2 stream throws ERR_STREAM_PREMATURE_CLOSE if the server closes it at
 * once.
 */
async function readBody (stream: Readable): Promise<string> {
  return await new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    let length = 0
    const finish = (): void => { resolve(Buffer.concat(parts).toString('utf8')) }
    stream.on('data', (part: Buffer) => {
      parts.push(part)
      length += part.length
      if (length > MAX_BODY) finish()
    })
    stream.once('end', finish).once('error', reject).once('close', finish)
  })
}

function readCode (body: string): string | undefined {
  try {
    const { code } = JSON.parse(body) as { code?: unknown }
    return typeof code === 'string' ? code : undefined
  } catch {
    return undefined
  }
}
