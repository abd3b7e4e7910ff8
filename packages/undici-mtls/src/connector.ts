import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { readVerifiedChain } from '@peerkit/credentials'
import type { CredentialSnapshot, CredentialSource } from '@peerkit/credentials'
import { parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import type { RevocationChecker } from '@peerkit/revocation'
import { MTLS_ERR_OUTBOUND_CREDENTIALS_EXPIRED, MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED, withFacts } from './errors.ts'
import type { Deadline } from './deadline.ts'
import { explainFirstRequestError } from './explain-error.ts'
import { finishHandshake, startHandshake } from './handshake.ts'
import type { Endpoint, TlsSettings } from './handshake.ts'
import { judgeServer } from './judge-server.ts'
import type { ServerRules } from './server-rules.ts'
import type { SessionCache } from './session-cache.ts'

/** What a connection is made with. */
export interface Means {
  readonly credentials: CredentialSource
  readonly sessions: SessionCache
  readonly revocation: RevocationChecker | undefined
  readonly settings: TlsSettings
  readonly now: () => number
}

/** Whom a connection is made to. */
export interface Destination {
  readonly origin: string
  readonly rules: ServerRules
  /** The name that the certificate must be for. */
  readonly hostname: string
  /** Ends what takes too long. */
  readonly deadline: Deadline
  /** Where sessions of it are kept. */
  readonly sessionKey: string
  /** Makes the way to it: called anew where a resumed session led to somebody who is not wanted any more. */
  open (): Endpoint | Promise<Endpoint>
}

/** One connection whose server was judged. */
export interface Connection {
  readonly socket: TLSSocket
  readonly server: PeerIdentity
  readonly snapshot: CredentialSnapshot
  readonly resumed: boolean
  /** When it must carry no new request any more, in milliseconds since the epoch. */
  validUntil: number
  /** Whether an answer came over it: from then on our certificate was accepted. */
  answered: boolean
  /** The first error of its socket. undici tells of the last: that the other side closed, after the alert that said why. */
  failure: Error | undefined
}

/**
 * Opens a connection with the credentials in force and finds out who answered, before anybody may write a byte to it.
 *
 * @throws the coded error of what went wrong, or Node's own
 */
export async function openConnection (to: Destination, means: Means): Promise<Connection> {
  const snapshot = means.credentials.current
  if (means.now() >= snapshot.notAfter) {
    throw withFacts(new MTLS_ERR_OUTBOUND_CREDENTIALS_EXPIRED(to.origin, new Date(snapshot.notAfter).toISOString()), { retryable: false, origin: to.origin })
  }
  const key = keyOf(to, snapshot)
  const cached = means.sessions.take(key)
  if (cached === undefined || hasEnded(cached.server, means.now())) return await shakeHands(to, means, snapshot, undefined)
  try {
    return await shakeHands(to, means, snapshot, cached)
  } catch (error) {
    if (!(error instanceof StaleSession)) throw error
    // The identity is of the full handshake then. Meanwhile the server may have another certificate, which only another full handshake shows.
    means.sessions.drop(key)
    return await shakeHands(to, means, means.credentials.current, undefined)
  }
}

/** A resumed session led to an identity that does not stand any more. */
class StaleSession extends Error {}

/** No session is resumed by other credentials than those it was made with: it would speak for the old ones. */
function keyOf ({ sessionKey }: Destination, { generation }: CredentialSnapshot): string {
  return `${generation} ${sessionKey}`
}

function hasEnded (server: PeerIdentity, now: number): boolean {
  return [server, ...(server.chain ?? [])].some(({ notAfter = -Infinity }) => now >= notAfter)
}

type Cached = ReturnType<SessionCache['take']>

async function shakeHands (to: Destination, means: Means, snapshot: CredentialSnapshot, cached: Cached): Promise<Connection> {
  const { sessions, now, revocation, settings } = means
  const socket = startHandshake({ endpoint: await to.open(), hostname: to.hostname, snapshot, session: cached?.session, settings })
  to.deadline.guard(socket)
  const tickets: Buffer[] = []
  let isJudged = false
  let hasAnswered = false
  // Keys come to be when the server's part of the handshake is known. They are not looked at: that there are some tells a server that refuses from one that does not speak TLS.
  socket.once('keylog', () => { hasAnswered = true })
  let server: PeerIdentity
  const keep = (session: Buffer): void => {
    // A session of credentials that are gone is not worth keeping, one of a server that is not judged yet must not be.
    if (isJudged && means.credentials.current === snapshot) sessions.put(keyOf(to, snapshot), { session, server })
    else if (!isJudged) tickets.push(session)
  }
  socket.on('session', keep)
  try {
    await finishHandshake(socket)
    const resumed = socket.isSessionReused()
    server = identify(socket, snapshot, resumed ? cached?.server : undefined, to.origin)
    const checkers = [snapshot.revocation, revocation].filter((checker) => checker !== undefined)
    const judged = judgeServer({ server, hostname: to.hostname, origin: to.origin, rules: to.rules, snapshot, checkers, now: now() })
    const validUntil = await to.deadline.race(judged).catch((error: Error) => { throw resumed ? new StaleSession(error.message, { cause: error }) : error })
    assertOpen(socket)
    isJudged = true
    tickets.forEach(keep)
    // Unlike the tickets of TLS 1.3 a session of TLS 1.2 may be resumed again, and often no other comes.
    if (resumed && cached !== undefined && socket.getProtocol() === 'TLSv1.2') keep(cached.session)
    const connection: Connection = { socket, server, snapshot, resumed, validUntil: Math.min(validUntil, snapshot.notAfter), answered: false, failure: undefined }
    socket.on('error', (error) => { connection.failure ??= error })
    return connection
  } catch (error) {
    socket.destroy()
    throw (hasAnswered ? explainFirstRequestError(error as Error, to.origin) : undefined) ?? error
  }
}

function identify (socket: TLSSocket, snapshot: CredentialSnapshot, cached: PeerIdentity | undefined, origin: string): PeerIdentity {
  const facts = { retryable: false, origin, reason: 'unreadable' } as const
  if (!socket.authorized) throw withFacts(new MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED(origin, 'it sent no certificate that verifies'), { ...facts, reason: 'other' })
  // A resumed session is of the very server that its full handshake verified; Node has no chain to show for it on a client's side.
  if (cached !== undefined) return cached
  const leaf = socket.getPeerCertificate(true)
  if (leaf?.raw === undefined) throw withFacts(new MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED(origin, 'it sent no certificate'), facts)
  try {
    const chain = readVerifiedChain(leaf, snapshot.anchors)
    return parsePeerIdentity(leaf.raw, chain === undefined ? {} : { chain })
  } catch (error) {
    throw withFacts(new MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED(origin, 'its certificate cannot be read'), { ...facts, cause: error })
  }
}

/** Judging may take a while, and undici must not be given what broke meanwhile. */
function assertOpen (socket: Socket): void {
  if (!socket.destroyed && socket.readable && socket.writable) return
  throw Object.assign(socket.errored ?? new Error('the connection was closed after the handshake'), { code: (socket.errored as NodeJS.ErrnoException | null)?.code ?? 'ECONNRESET' })
}
