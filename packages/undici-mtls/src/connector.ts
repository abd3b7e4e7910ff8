import { isIP } from 'node:net'
import { connect, createSecureContext } from 'node:tls'
import type { SecureContext, TLSSocket } from 'node:tls'
import type { Socket } from 'node:net'
import { readVerifiedChain, secureContextOptions } from '@peerkit/credentials'
import type { CredentialSnapshot, CredentialSource } from '@peerkit/credentials'
import { parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import type { RevocationChecker } from '@peerkit/revocation'
import { outboundIdentified, outboundRefused } from './channels.ts'
import { MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED, MTLS_ERR_OUTBOUND_UNREACHABLE, withFacts } from './errors.ts'
import { explainConnectError } from './explain-error.ts'
import { judgeServer } from './judge-server.ts'
import type { OriginPolicy } from './origin-policy.ts'
import type { SessionCache } from './session-cache.ts'

/** One verified connection. */
export interface Connection {
  readonly server: PeerIdentity
  readonly socket: TLSSocket
  /** Whether an answer came over it: from then on our certificate was accepted. */
  answered: boolean
}

export interface ConnectorOptions {
  readonly credentials: CredentialSource
  readonly revocation: RevocationChecker | undefined
  readonly sessions: SessionCache
  readonly allowH2: boolean
  readonly socketPath: string | undefined
  /** Milliseconds for connecting, shaking hands and judging. */
  readonly timeout: number
  readonly now: () => number
  onConnected (connection: Connection): void
}

/** What undici hands its connectors. */
export interface ConnectTarget {
  readonly hostname: string
  readonly protocol: string
  readonly port: string
  readonly servername?: string | null
  readonly localAddress?: string | null
  readonly httpSocket?: Socket
}

const contexts = new WeakMap<CredentialSnapshot, SecureContext>()

function contextOf (snapshot: CredentialSnapshot): SecureContext {
  let context = contexts.get(snapshot)
  if (context === undefined) {
    context = createSecureContext({ ...secureContextOptions(snapshot), minVersion: 'TLSv1.2' })
    contexts.set(snapshot, context)
  }
  return context
}

/**
 * Opens a connection with the credentials in force and finds out who answered, before undici may write a byte to it.
 *
 * @throws the coded error of what went wrong, its cause kept
 */
export async function openConnection (target: ConnectTarget, policy: OriginPolicy, options: ConnectorOptions): Promise<Connection> {
  const { credentials, sessions, now } = options
  const snapshot = credentials.current
  const key = `${policy.origin}#${target.servername ?? ''}#${snapshot.generation}`
  const cached = sessions.take(key)
  const hostname = target.hostname.replace(/^\[|\]$/g, '')
  let socket: TLSSocket | undefined
  try {
    socket = startHandshake(target, hostname, snapshot, cached?.session, options)
    await finishHandshake(socket, policy.origin, options.timeout)
    const server = identify(socket, snapshot, cached?.server, policy.origin)
    const checkers = [snapshot.revocation, options.revocation].filter((checker) => checker !== undefined)
    await judgeServer({ server, hostname: checkedName(target, hostname), policy, snapshot, checkers, now: now() })
    socket.on('session', (session) => { sessions.put(key, { session, server }) })
    const connection = { server, socket, answered: false }
    if (outboundIdentified.hasSubscribers) outboundIdentified.publish({ v: 1, time: now(), origin: policy.origin, server, resumed: socket.isSessionReused() })
    return connection
  } catch (error) {
    socket?.destroy()
    const explained = explainConnectError(error as NodeJS.ErrnoException, policy.origin)
    if (outboundRefused.hasSubscribers) outboundRefused.publish({ v: 1, time: now(), origin: policy.origin, code: (explained as NodeJS.ErrnoException).code, message: explained.message })
    throw explained
  }
}

function startHandshake (target: ConnectTarget, hostname: string, snapshot: CredentialSnapshot, session: Buffer | undefined, { allowH2, socketPath }: ConnectorOptions): TLSSocket {
  const servername = target.servername ?? (isIP(hostname) === 0 ? hostname : '')
  const endpoint = target.httpSocket !== undefined ? { socket: target.httpSocket } : socketPath !== undefined ? { path: socketPath } : { host: hostname, port: Number(target.port === '' ? 443 : target.port) }
  const socket = connect({
    ...endpoint,
    servername,
    secureContext: contextOf(snapshot),
    ALPNProtocols: allowH2 ? ['http/1.1', 'h2'] : ['http/1.1'],
    rejectUnauthorized: true,
    // Who answered is judged after the handshake, every time: OpenSSL does not ask here when a session is resumed.
    checkServerIdentity: () => undefined,
    ...(session !== undefined && { session }),
    ...(target.localAddress != null && { localAddress: target.localAddress })
  } as any)
  socket.setNoDelay(true)
  socket.setKeepAlive(true, 60_000)
  return socket
}

async function finishHandshake (socket: TLSSocket, origin: string, timeout: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(withFacts(new MTLS_ERR_OUTBOUND_UNREACHABLE(origin, `no connection within ${timeout} ms`), { retryable: true }))
    }, timeout)
    const settle = (action: () => void) => (): void => {
      clearTimeout(timer)
      action()
    }
    socket.once('secureConnect', settle(resolve))
    // Stays on: between here and undici's own listener an error must not be nobody's.
    socket.on('error', (error) => { settle(() => { reject(error) })() })
    socket.once('close', settle(() => { reject(Object.assign(new Error('closed during the handshake'), { code: 'ECONNRESET' })) }))
  })
}

function identify (socket: TLSSocket, snapshot: CredentialSnapshot, cached: PeerIdentity | undefined, origin: string): PeerIdentity {
  const unverified = (): Error => withFacts(new MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED(origin, 'it sent no certificate that verifies'), { retryable: false })
  if (!socket.authorized) throw unverified()
  // A resumed session is of the very server that its full handshake verified; Node has no certificate to show for it on a client's side.
  if (socket.isSessionReused() && cached !== undefined) return cached
  const leaf = socket.getPeerCertificate(true)
  if (leaf?.raw === undefined) throw unverified()
  try {
    const chain = readVerifiedChain(leaf, snapshot.anchors)
    return parsePeerIdentity(leaf.raw, chain === undefined ? {} : { chain })
  } catch (error) {
    throw withFacts(new MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED(origin, 'its certificate cannot be read'), { retryable: false, cause: error })
  }
}

/** The name that the certificate must be for: the origin's host, unless the caller set another server name. */
function checkedName ({ servername }: ConnectTarget, hostname: string): string {
  return servername === undefined || servername === null || servername === '' ? hostname : servername
}
