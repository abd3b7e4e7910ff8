// The clients of the soak: each kind calls again and again, and notes answers that it should not have got.
import { connect as connectTcp } from 'node:net'
import type { Socket } from 'node:net'
import { Agent, request } from 'node:https'
import type { SecureVersion } from 'node:tls'
import { connect as connectTls } from 'node:tls'
import { setTimeout as pause } from 'node:timers/promises'
import type { IssuedCertificate } from '@peerkit/dev-ca'

const HOST = '127.0.0.1'
/** What a call may take, in milliseconds. */
const PATIENCE = 30_000

/** Where clients connect to. */
export interface Target {
  readonly port: number
  /** The root that they trust, PEM. */
  readonly root: string
}

/** What a client uses. Without a certificate it presents none. */
export interface Caller {
  readonly certificate: IssuedCertificate | undefined
  readonly maxVersion?: SecureVersion
  /** Keeps connections or sessions. Default: neither. */
  readonly agent?: Agent
}

/** One call by node:https. Returns the status with the body, or the code of the error. */
export async function callOnce ({ port, root }: Target, { certificate, maxVersion, agent }: Caller): Promise<string> {
  return await new Promise((resolve) => {
    const call = request({
      host: HOST,
      port,
      path: '/',
      ca: root,
      cert: certificate?.chain,
      key: certificate?.key,
      maxVersion,
      agent: agent ?? false,
      timeout: PATIENCE
    }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => { body += text })
      response.on('error', ({ message }) => { resolve(message) })
      response.on('end', () => { resolve(response.statusCode === 200 ? body : String(response.statusCode)) })
    })
    call.on('timeout', () => { call.destroy(new Error('timeout')) })
    call.on('error', (error: NodeJS.ErrnoException) => { resolve(error.code ?? error.message) })
    call.end()
  })
}

/** Whether the server answered at all. A refused client gets a reset, and never a status. */
export function wasAnswered (answer: string): boolean { return /^\d{3}$|^client-/.test(answer) }

/** Sends octets that are no handshake, and waits until the server ends the connection. */
export async function sendGarbage ({ port }: Target): Promise<void> {
  const socket = connectTcp(port, HOST)
  socket.write(Buffer.alloc(200, 'GET / HTTP/1.1\r\n'))
  await ended(socket)
}

/** Connects, says nothing, and goes away before the server ends the connection. */
export async function staySilent ({ port }: Target, milliseconds: number): Promise<void> {
  const socket = connectTcp(port, HOST)
  socket.on('error', () => {})
  await pause(milliseconds)
  socket.destroy()
}

/** Sends a request octet by octet, and goes away in the middle. */
export async function sendSlowly (
  { port, root }: Target, { cert, key }: IssuedCertificate, times: number
): Promise<void> {
  const socket = connectTls({ host: HOST, port, ca: root, cert, key })
  socket.on('error', () => {})
  for (const letter of 'GET / HTTP/1.1\r\nhost: a\r\nx: '.padEnd(times, 'y').slice(0, times)) {
    if (socket.destroyed) return
    socket.write(letter)
    await pause(100)
  }
  socket.destroy()
}

async function ended (socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    socket.setTimeout(PATIENCE, () => { socket.destroy() })
    socket.on('error', () => {})
    socket.on('close', () => { resolve() })
    socket.resume()
  })
}
