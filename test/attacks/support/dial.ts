import { connect as connectHttp2 } from 'node:http2'
import { connect, createSecureContext } from 'node:tls'
import type { ConnectionOptions, SecureContext, TLSSocket } from 'node:tls'
import type { Made } from './forger.ts'

export type Protocol = 'HTTP/1.1' | 'HTTP/2'
export type Version = 'TLSv1.2' | 'TLSv1.3'

/** How a client speaks to a server. Without ALPN (node:https, urllib, wget) Node shows less of what it sent. */
export interface Way { readonly version: Version, readonly protocol: Protocol, readonly alpn?: boolean }

/** Each version of TLS with each version of HTTP, and without a word on HTTP. */
export const WAYS: readonly Way[] = (['TLSv1.2', 'TLSv1.3'] as const).flatMap((version) => [
  { version, protocol: 'HTTP/1.1' },
  { version, protocol: 'HTTP/2' },
  { version, protocol: 'HTTP/1.1', alpn: false }
] as const)

export const nameOfWay = ({ version, protocol, alpn = true }: Way): string =>
  `${version}, ${protocol}${alpn ? '' : ' without ALPN'}`

/** What a client presents: its certificate, whatever it sends above it, and its key. */
export interface Presented { readonly cert: string, readonly key: string }

export function present (leaf: Made, ...above: ReadonlyArray<{ readonly pem: string }>): Presented {
  return { cert: leaf.pem + above.map((certificate) => certificate.pem).join(''), key: leaf.keyPem }
}

/** A status, or undefined where the connection ended without an answer. */
export interface Answer { readonly status: number | undefined, readonly body: any }

export interface Connection {
  readonly socket: TLSSocket
  readonly resumed: boolean
  /** The last session that the server gave. */
  readonly session: Buffer | undefined
  /** The code and the system call of the error that ended it; undefined where it ended cleanly. */
  readonly ended: Promise<{ readonly code: string | undefined, readonly syscall: string | undefined } | undefined>
  ask (headers?: Readonly<Record<string, string>>, path?: string): Promise<Answer>
  close (): Promise<void>
}

export interface DialOptions {
  readonly port: number
  readonly protocol?: Protocol
  readonly version?: Version
  readonly alpn?: boolean
  readonly session?: Buffer | undefined
  readonly tls?: ConnectionOptions
}

const contexts = new WeakMap<Presented, Partial<Record<Version, SecureContext>>>()

/** A client that dials again is not read again. */
function contextOf (presented: Presented, version: Version): SecureContext {
  const known = contexts.get(presented)
  const context = known?.[version] ?? createSecureContext({ ...presented, minVersion: version, maxVersion: version })
  contexts.set(presented, { ...known, [version]: context })
  return context
}

/** Connects. Whether the server takes the client shows when it is asked: under TLS 1.3 no client learns it before. */
export async function dial (
  presented: Presented | undefined,
  { port, protocol = 'HTTP/1.1', version = 'TLSv1.3', alpn = true, session, tls }: DialOptions
): Promise<Connection> {
  const socket = connect({
    host: '127.0.0.1',
    port,
    rejectUnauthorized: false,
    servername: 'localhost',
    minVersion: version,
    maxVersion: version,
    ...(alpn && { ALPNProtocols: [protocol === 'HTTP/2' ? 'h2' : 'http/1.1'] }),
    ...(presented !== undefined && { secureContext: contextOf(presented, version) }),
    ...(session !== undefined && { session }),
    ...tls
  })
  let given: Buffer | undefined
  let fault: NodeJS.ErrnoException | undefined
  socket.setNoDelay(true)
  socket.on('session', (next) => { given = next })
  socket.on('error', (error) => { fault = error })
  const ended = new Promise<void>((resolve) => { socket.once('close', () => { resolve() }) })
  await Promise.race([new Promise<void>((resolve) => { socket.once('secureConnect', resolve) }), ended])
  const resumed = !socket.destroyed && socket.isSessionReused()
  return {
    socket,
    resumed,
    get session () { return given },
    ended: ended.then(() => fault === undefined ? undefined : { code: fault.code, syscall: fault.syscall }),
    ask: protocol === 'HTTP/2' ? askHttp2(socket) : askHttp1(socket),
    async close () {
      socket.destroy()
      await ended
    }
  }
}

const NONE: Answer = { status: undefined, body: undefined }
const ANSWER = /^HTTP\/1\.1 (\d+)[^]*?\r\ncontent-length: (\d+)[^]*?\r\n\r\n([^]*)$/i

function readBody (text: string): unknown {
  return text === '' ? undefined : JSON.parse(text)
}

function askHttp1 (socket: TLSSocket): Connection['ask'] {
  let text = ''
  let wake = (): void => {}
  socket.on('data', (chunk) => {
    text += String(chunk)
    wake()
  })
  socket.on('close', () => { wake() })
  return async (headers = {}, path = '/') => {
    const lines = Object.entries({ host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
    if (!socket.destroyed) socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
    for (;;) {
      const [, status, length, rest] = ANSWER.exec(text) ?? []
      if (rest !== undefined && rest.length >= Number(length)) {
        text = rest.slice(Number(length))
        return { status: Number(status), body: readBody(rest.slice(0, Number(length))) }
      }
      if (socket.destroyed) return NONE
      await new Promise<void>((resolve) => { wake = resolve })
    }
  }
}

function askHttp2 (socket: TLSSocket): Connection['ask'] {
  if (socket.destroyed) return async () => NONE
  const session = connectHttp2('https://localhost', { createConnection: () => socket })
  session.on('error', () => {})
  return async (headers = {}, path = '/') => {
    if (session.destroyed || session.closed) return NONE
    const stream = session.request({ ':path': path, ...headers })
    let status: number | undefined
    let text = ''
    stream.setEncoding('utf8')
    stream.on('response', (head) => { status = head[':status'] })
    stream.on('data', (chunk: string) => { text += chunk })
    stream.on('error', () => {})
    await new Promise<void>((resolve) => { stream.once('close', () => { resolve() }) })
    return status === undefined ? NONE : { status, body: readBody(text) }
  }
}
