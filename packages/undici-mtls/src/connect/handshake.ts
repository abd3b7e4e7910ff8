import { constants } from 'node:crypto'
import { isIP } from 'node:net'
import type { Socket } from 'node:net'
import { connect, createSecureContext } from 'node:tls'
import type { ConnectionOptions, SecureContext, TLSSocket } from 'node:tls'
import { secureContextOptions } from '@peerkit/credentials'
import type { CredentialSnapshot } from '@peerkit/credentials'
import { watchServerCertificate } from '@peerkit/identity/internal'
import type { SentChain } from '@peerkit/identity/internal'
import { LRUCache } from 'lru-cache'
import { watchRenegotiation } from './node-internals.ts'

/** TLS settings of an agent, apart from its credentials. */
export interface TlsSettings {
  /** The protocols to offer, by their names in ALPN (RFC 7301). */
  readonly protocols: readonly string[]
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
  readonly maxVersion: 'TLSv1.2' | 'TLSv1.3' | undefined
  readonly ciphers: string | undefined
}

/** What to connect to: an existing socket, a Unix socket, or a host and port. */
export type Endpoint =
  | { readonly socket: Socket }
  | { readonly path: string }
  | { readonly host: string, readonly port: number, readonly localAddress?: string }

export interface HandshakeOptions {
  readonly endpoint: Endpoint
  /** The name for SNI. Not sent for an IP address (RFC 6066 section 3). */
  readonly hostname: string
  readonly snapshot: CredentialSnapshot
  readonly session: Buffer | undefined
  readonly settings: TlsSettings
}

const contexts = new WeakMap<TlsSettings, WeakMap<CredentialSnapshot, SecureContext>>()

/** One context for each snapshot and settings: creating one costs as much as a handshake. */
function contextOf (snapshot: CredentialSnapshot, settings: TlsSettings): SecureContext {
  let own = contexts.get(settings)
  if (own === undefined) contexts.set(settings, own = new WeakMap())
  let context = own.get(snapshot)
  if (context === undefined) {
    const { minVersion, maxVersion, ciphers } = settings
    // Only TLS 1.2 has renegotiation. After it the server could have another certificate than the one that was checked.
    const secureOptions = constants.SSL_OP_NO_RENEGOTIATION
    context = createSecureContext({
      ...secureContextOptions(snapshot, 'servers'),
      secureOptions,
      minVersion,
      ...(maxVersion !== undefined && { maxVersion }),
      ...(ciphers !== undefined && { ciphers })
    })
    own.set(snapshot, context)
  }
  return context
}

/** A handshake in progress. */
export interface StartedHandshake {
  readonly socket: TLSSocket
  /** What the server presented; undefined before the handshake is done, and for a resumed session. */
  presented (): SentChain | undefined
  /** Whether the server asked for renegotiation. */
  refusedRenegotiation (): boolean
}

export function startHandshake (
  { endpoint, hostname, snapshot, session, settings }: HandshakeOptions
): StartedHandshake {
  const options: ConnectionOptions & { readonly highWaterMark: number } = {
    ...endpoint,
    servername: isIP(hostname) === 0 ? hostname : '',
    secureContext: contextOf(snapshot, settings),
    ALPNProtocols: [...settings.protocols],
    rejectUnauthorized: true,
    // The server is checked after every handshake. Node does not call this for a resumed session.
    checkServerIdentity: () => undefined,
    highWaterMark: 16_384,
    ...(session !== undefined && { session })
  }
  const socket = connect(options)
  const presented = watchServerCertificate(socket)
  const refusedRenegotiation = watchRenegotiation(socket)
  socket.setNoDelay(true)
  socket.setKeepAlive(true, 60_000)
  return { socket, presented, refusedRenegotiation }
}

/** Resolves when the handshake is done and OpenSSL accepted the chain. */
export async function finishHandshake (socket: TLSSocket): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve)
    // Not removed: an error before undici adds its own listener must not be unhandled.
    socket.on('error', reject)
    socket.once('close', () => {
      reject(Object.assign(new Error('the connection was closed during the handshake'), { code: 'ECONNRESET' }))
    })
  })
}

/**
 * A TLS session with the certificates of its full handshake. A resumed session sends no certificates, so these are
 * evaluated again.
 */
export interface CachedSession { readonly session: Buffer, readonly presented: SentChain }

const MAX_KEYS = 256
const MAX_PER_KEY = 8
/** The limit for all sessions. Each has the server's certificate, and its chain beside it, of up to 100 KB. */
const MAX_BYTES = 16 * 1024 * 1024
/** Bytes of a session beside its octets. */
const WEIGHT = 500

function weigh (sessions: readonly CachedSession[]): number {
  return sessions.reduce((sum, { session, presented: { leaf, sent } }) => {
    return sum + WEIGHT + session.length + [leaf, ...sent].reduce((octets, { length }) => octets + length, 0)
  }, 0)
}

/**
 * The TLS sessions of one credential source, by destination. Limited to 256 destinations and 16 MiB (the least recently
 * used are dropped) and 8 sessions each (the newest are kept). A session is removed when it is used, since a ticket of
 * TLS 1.3 is for one use (RFC 8446 appendix C.4).
 */
export class SessionCache {
  readonly #sessions = new LRUCache<string, readonly CachedSession[]>({
    max: MAX_KEYS, maxSize: MAX_BYTES, sizeCalculation: weigh
  })

  get size (): number { return this.#sessions.size }

  put (key: string, session: CachedSession): void {
    this.#sessions.set(key, [...this.#sessions.get(key) ?? [], session].slice(-MAX_PER_KEY))
  }

  /** Removes and returns the newest session of a key. */
  take (key: string): CachedSession | undefined {
    const own = this.#sessions.get(key) ?? []
    if (own.length > 1) this.#sessions.set(key, own.slice(0, -1))
    else this.#sessions.delete(key)
    return own.at(-1)
  }

  /** Removes the sessions of a key, when its server is not accepted any more. */
  drop (key: string): void { this.#sessions.delete(key) }

  /** Removes all sessions, after a rotation. */
  clear (): void { this.#sessions.clear() }
}
