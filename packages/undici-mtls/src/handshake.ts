import { constants } from 'node:crypto'
import { isIP } from 'node:net'
import type { Socket } from 'node:net'
import { connect, createSecureContext } from 'node:tls'
import type { ConnectionOptions, SecureContext, TLSSocket } from 'node:tls'
import { secureContextOptions } from '@peerkit/credentials'
import type { CredentialSnapshot } from '@peerkit/credentials'
import { watchServerCertificate } from './node-internals.ts'
import type { PresentedServer } from './node-internals.ts'

/** TLS settings of an agent, beside its credentials. */
export interface TlsSettings {
  readonly allowH2: boolean
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
  readonly maxVersion: 'TLSv1.2' | 'TLSv1.3' | undefined
  readonly ciphers: string | undefined
}

/** Where a handshake takes place: a socket that is there, a Unix socket, or a host and port. */
export type Endpoint = { readonly socket: Socket } | { readonly path: string } | { readonly host: string, readonly port: number, readonly localAddress?: string }

export interface HandshakeOptions {
  readonly endpoint: Endpoint
  /** The name to ask for and to find; an IP address is not asked for (RFC 6066 section 3). */
  readonly hostname: string
  readonly snapshot: CredentialSnapshot
  readonly session: Buffer | undefined
  readonly settings: TlsSettings
}

const contexts = new WeakMap<TlsSettings, WeakMap<CredentialSnapshot, SecureContext>>()

/** One context for each snapshot and settings: making one costs as much as a handshake. */
function contextOf (snapshot: CredentialSnapshot, settings: TlsSettings): SecureContext {
  let own = contexts.get(settings)
  if (own === undefined) contexts.set(settings, own = new WeakMap())
  let context = own.get(snapshot)
  if (context === undefined) {
    const { minVersion, maxVersion, ciphers } = settings
    // Only TLS 1.2 knows renegotiation: after it another certificate might stand where one was checked.
    const secureOptions = constants.SSL_OP_NO_RENEGOTIATION
    context = createSecureContext({ ...secureContextOptions(snapshot, 'servers'), secureOptions, minVersion, ...(maxVersion !== undefined && { maxVersion }), ...(ciphers !== undefined && { ciphers }) })
    own.set(snapshot, context)
  }
  return context
}

/** A handshake under way. */
export interface StartedHandshake {
  readonly socket: TLSSocket
  /** What the server presented; undefined before the handshake is done, and on a resumed session. */
  presented (): PresentedServer | undefined
}

export function startHandshake ({ endpoint, hostname, snapshot, session, settings }: HandshakeOptions): StartedHandshake {
  const options: ConnectionOptions & { readonly highWaterMark: number } = {
    ...endpoint,
    servername: isIP(hostname) === 0 ? hostname : '',
    secureContext: contextOf(snapshot, settings),
    ALPNProtocols: settings.allowH2 ? ['http/1.1', 'h2'] : ['http/1.1'],
    rejectUnauthorized: true,
    // Who answered is checked after the handshake, every time: Node does not ask here when a session is resumed.
    checkServerIdentity: () => undefined,
    highWaterMark: 16_384,
    ...(session !== undefined && { session })
  }
  const socket = connect(options)
  const presented = watchServerCertificate(socket)
  socket.setNoDelay(true)
  socket.setKeepAlive(true, 60_000)
  return { socket, presented }
}

/** Resolves when the handshake is done and OpenSSL accepted the chain. */
export async function finishHandshake (socket: TLSSocket): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve)
    // Stays on: between here and undici's own listener an error must not be nobody's.
    socket.on('error', reject)
    socket.once('close', () => { reject(Object.assign(new Error('the connection was closed during the handshake'), { code: 'ECONNRESET' })) })
  })
}
