import { connect as connectTcp, isIP } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { ConnectionOptions, SecureVersion, TLSSocket } from 'node:tls'
import { readHandshake } from './read-handshake.ts'
import type { HandshakeFacts } from './read-handshake.ts'
import { ServerCertificates, SocketTap } from './observe-server.ts'

/** The address of a server. */
export interface Target {
  /** A host name or an IP address, without brackets. */
  readonly host: string
  readonly port: number
  /** `host:port`, an IPv6 address in brackets. */
  readonly authority: string
  /** The path of the request. */
  readonly path: string
}

export interface OpenTlsOptions {
  /** The name for SNI and for the check of the certificate. Default: the host, unless it is an IP address. */
  readonly servername?: string | undefined
  readonly alpn?: readonly string[] | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  readonly passphrase?: string | undefined
  /** PEM. Default: the CAs of Node. */
  readonly ca?: string | undefined
  /** Only this version of TLS. */
  readonly version?: SecureVersion | undefined
  readonly session?: Buffer | undefined
  /** Milliseconds for connection and handshake. */
  readonly timeout: number
}

/** A TLS connection, or why it failed. */
export interface TlsConnection {
  /** The failure and its stage. */
  readonly failure: { readonly stage: 'connect' | 'handshake', readonly error: NodeJS.ErrnoException } | undefined
  readonly socket: TLSSocket | undefined
  /** The address that answered. */
  readonly address: string | undefined
  /** The last session from the server. */
  readonly session: Buffer | undefined
  /**
   * The certificates of the server, DER, the leaf first. For a resumed session only the leaf. Empty if the handshake
   * failed.
   */
  readonly certificates: readonly Uint8Array[]
  /** What the server has sent so far. */
  facts (): HandshakeFacts
  /** Closes the connection and waits until it is closed. */
  close (): Promise<void>
}

/** Opens a TLS connection, also to an untrusted server. The caller has to check `authorized`. Never rejects. */
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

async function shakeHands (
  target: Target,
  options: OpenTlsOptions,
  tcp: Socket,
  limit: AbortSignal
): Promise<TlsConnection> {
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
  // The user of the socket handles later errors. Without a listener they would end the process.
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

function tlsOptions (
  target: Target,
  { servername, alpn, cert, key, passphrase, ca, version, session }: OpenTlsOptions
): ConnectionOptions {
  return {
    host: target.host,
    port: target.port,
    servername: servername ?? (isIP(target.host) === 0 ? target.host : ''),
    // The probe reports untrusted servers. The caller decides what is sent to them.
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

/** Waits for the event. Resolves with the error that occurred instead. */
async function settle (
  socket: Socket,
  event: 'connect' | 'secureConnect',
  limit: AbortSignal
): Promise<NodeJS.ErrnoException | undefined> {
  return await new Promise((resolve) => {
    const finish = (error?: NodeJS.ErrnoException): void => {
      socket.off(event, succeed).off('error', finish).off('close', closed)
      limit.removeEventListener('abort', late)
      resolve(error)
    }
    const succeed = (): void => { finish() }
    const closed = (): void => { finish(failure('ECONNRESET', 'the server closed the connection')) }
    const late = (): void => {
      finish(failure('ETIMEDOUT', event === 'connect' ? 'no answer in time' : 'the handshake took too long'))
    }
    socket.once(event, succeed).once('error', finish).once('close', closed)
    if (limit.aborted) late()
    else limit.addEventListener('abort', late)
  })
}

function failure (code: string, message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(message), { code })
}
