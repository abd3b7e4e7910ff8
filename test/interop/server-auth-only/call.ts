import { connect } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import type { IssuedCertificate } from '@peerkit/dev-ca'
import { serversRoot } from './world.ts'

export type Verdict = 'accepted' | 'refused'

function dial (port: number, client?: IssuedCertificate): TLSSocket {
  const pair = client === undefined ? {} : { cert: client.chain, key: client.key }
  return connect({ host: '127.0.0.1', port, servername: 'localhost', ca: serversRoot, ...pair })
}

/**
 * Whether a request is answered with 200. A handshake tells nothing: with TLS 1.3 it ends for the client before the
 * server looks at the certificate, and nginx refuses by an answer.
 */
export async function call (port: number, client: IssuedCertificate): Promise<Verdict> {
  const socket = dial(port, client)
  let text = ''
  let isServer = false
  socket.once('secureConnect', () => {
    isServer = true
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  })
  socket.on('data', (chunk: Buffer) => { text += chunk.toString('latin1') }).on('error', () => {})
  await new Promise((resolve) => { socket.once('close', resolve) })
  if (!isServer) throw new Error('the server has not shown its certificate')
  return /^HTTP\/1\.[01] 200 /i.test(text) ? 'accepted' : 'refused'
}

/** Whether the server shows its certificate: some listen before they have read their configuration. */
export async function isReady (port: number): Promise<boolean> {
  const socket = dial(port)
  return await new Promise<boolean>((resolve) => {
    socket.once('secureConnect', () => { resolve(true) }).once('close', () => { resolve(false) }).on('error', () => {})
  }).finally(() => { socket.destroy() })
}
