import { connect as connectTcp, isIP } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ConnectionOptions, SecureVersion, TLSSocket } from 'node:tls'
import type { Target } from '../target.ts'
import { readHandshake } from './read-handshake.ts'
import type { HandshakeFacts } from './read-handshake.ts'
import { ServerCertificates } from './server-certificates.ts'
import { SocketTap } from './socket-tap.ts'

export interface OpenTlsOptions {
  /** What the server is asked for by name (SNI) and must be certified for. Default: the host, unless it is an address. */
  readonly servername?: string | undefined
  readonly alpn?: readonly string[] | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  readonly passphrase?: string | undefined
  /** PEM. Default: the CAs that Node comes with. */
  readonly ca?: string | undefined
  /** TLS 1.2 or TLS 1.3 alone. */
  readonly version?: SecureVersion | undefined
  readonly session?: Buffer | undefined
  /** Milliseconds for all of it. */
  readonly timeout: number
}

/** How far a connection came. */
export interface TlsConnection {
  /** The failure, and what was being done: reaching the server, or the handshake. */
  readonly failure: { readonly stage: 'connect' | 'handshake', readonly error: NodeJS.ErrnoException } | undefined
  readonly socket: TLSSocket | undefined
  /** The address that answered. */
  readonly address: string | undefined
  /** The last session that the server gave. */
  readonly session: Buffer | undefined
  /**
   * What the server sent, in DER, the leaf first; of a resumed session the leaf alone. Empty where the handshake
   * failed.
   */
  readonly certificates: readonly Uint8Array[]
  /** What the server said up to now. */
  facts (): HandshakeFacts
  /** Ends it and waits until it is closed. */
  close (): Promise<void>
}

/** Opens a TLS connection. Whether the server is trusted is for the caller to judge by `authorized`: a diagnosis looks at wrong servers too. Never rejects. */
export async function openTls (target: Target, options: OpenTlsOptions): Promise<TlsConnection> {
  const limit = AbortSignal.timeout(options.timeout)
  const tcp = connectTcp({ host: target.host, port: target.port })
  const error = await settle(tcp, 'connect', limit)
  if (error !== undefined) {
    tcp.destroy()
    return {
      failure: { stage: 'connect', error },
      socket: undefined,
      address: undefined,
      session: undefined,
      certificates: [],
      facts: () => readHandshake(new Uint8Array(), []),
      close: async () => {}
    }
  }
  return await shakeHands(target, options, tcp, limit)
}

async function shakeHands (target: Target, options: OpenTlsOptions, tcp: Socket, limit: AbortSignal): Promise<TlsConnection> {
  const address = tcp.remoteAddress
  const tap = new SocketTap(tcp)
  const certificates = new ServerCertificates()
  const checkIdentity = (host: string): Error | undefined => certificates.checkIdentity(host)
  const socket = connectTls({ ...tlsOptions(target, options), checkServerIdentity: checkIdentity, socket: tap })
  certificates.watch(socket)
  const keylog: string[] = []
  let session: Buffer | undefined
  socket.on('keylog', (line: Buffer) => { keylog.push(line.toString('latin1')) })
  socket.on('session', (given: Buffer) => { session = given })
  const error = await settle(socket, 'secureConnect', limit)
  // Later errors belong to whoever uses the socket; without a listener they would end the process.
  socket.on('error', () => {})
  tap.on('error', () => {})
  if (error !== undefined) socket.destroy()
  return {
    failure: error === undefined ? undefined : { stage: 'handshake', error },
    socket: error === undefined ? socket : undefined,
    address,
    get session () { return session },
    get certificates () { return certificates.sent },
    facts: () => readHandshake(tap.received, keylog),
    close: async () => {
      if (socket.closed) return
      const closed = new Promise((resolve) => { socket.once('close', resolve) })
      socket.destroy()
      await closed
    }
  }
}

function tlsOptions (target: Target, { servername, alpn, cert, key, passphrase, ca, version, session }: OpenTlsOptions): ConnectionOptions {
  return {
    host: target.host,
    port: target.port,
    servername: servername ?? (isIP(target.host) === 0 ? target.host : ''),
    // Who answered is reported, not presumed: nothing but what the caller decides is sent to one who is not trusted.
    rejectUnauthorized: false,
    ...(alpn !== undefined && { ALPNProtocols: [...alpn] }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(passphrase !== undefined && { passphrase }),
    ...(ca !== undefined && { ca }),
    ...(version !== undefined && { minVersion: version, maxVersion: version }),
    ...(session !== undefined && { session })
  }
}

/** Waits for the event. Resolves with what came instead of it. */
async function settle (socket: Socket, event: 'connect' | 'secureConnect', limit: AbortSignal): Promise<NodeJS.ErrnoException | undefined> {
  return await new Promise((resolve) => {
    const finish = (error?: NodeJS.ErrnoException): void => {
      socket.off(event, succeed).off('error', finish).off('close', closed)
      limit.removeEventListener('abort', late)
      resolve(error)
    }
    const succeed = (): void => { finish() }
    const closed = (): void => { finish(failure('ECONNRESET', 'the server closed the connection')) }
    const late = (): void => { finish(failure('ETIMEDOUT', event === 'connect' ? 'nothing answered in time' : 'the handshake took too long')) }
    socket.once(event, succeed).once('error', finish).once('close', closed)
    if (limit.aborted) late()
    else limit.addEventListener('abort', late)
  })
}

function failure (code: string, message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(message), { code })
}
