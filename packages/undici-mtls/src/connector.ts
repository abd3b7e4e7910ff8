import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { CredentialSnapshot, CredentialSource } from '@peerkit/credentials'
import type { RefusalDetail } from '@peerkit/events'
import type { PeerIdentity } from '@peerkit/identity'
import { checkMeant, refusalOf } from './check-server.ts'
import { MTLS_ERR_OUTBOUND_CREDENTIALS_EXPIRED, MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED, withFacts } from './errors.ts'
import type { Deadline } from './deadline.ts'
import { explainFirstRequestError, explainVerifyError } from './explain-error.ts'
import { finishHandshake, startHandshake } from './handshake.ts'
import type { Endpoint, TlsSettings } from './handshake.ts'
import type { PresentedServer } from './node-internals.ts'
import type { ServerRules } from './server-rules.ts'
import type { ServerDecision, ServerTrust } from './server-trust.ts'
import type { CachedSession, SessionCache } from './session-cache.ts'

/** What a connection is made with. */
export interface Means {
  readonly credentials: CredentialSource
  readonly sessions: SessionCache
  readonly trust: ServerTrust
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

/** One connection whose server is accepted. */
export interface Connection {
  readonly socket: TLSSocket
  readonly server: PeerIdentity
  readonly decision: ServerDecision
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
  if (cached === undefined || isRefused(means.trust, cached)) return await shakeHands(to, means, snapshot, undefined)
  try {
    return await shakeHands(to, means, snapshot, cached)
  } catch (error) {
    if (!(error instanceof StaleSession)) throw error
    // The identity is of the full handshake then. Meanwhile the server may have another certificate, which only another full handshake shows.
    means.sessions.drop(key)
    return await shakeHands(to, means, means.credentials.current, undefined)
  }
}

/** A resumed session led to a server that is not accepted any more. */
class StaleSession extends Error {}

/** No session is resumed by other credentials than those it was made with: it would speak for the old ones. */
function keyOf ({ sessionKey }: Destination, { generation }: CredentialSnapshot): string {
  return `${generation} ${sessionKey}`
}

/** A session is not worth resuming where the server's certificate is known to be refused by now. */
function isRefused (trust: ServerTrust, { presented }: CachedSession): boolean {
  const decision = trust.evaluate(presented)
  return !(decision instanceof Promise) && !decision.accepted
}

async function shakeHands (to: Destination, means: Means, snapshot: CredentialSnapshot, cached: CachedSession | undefined): Promise<Connection> {
  const { sessions, trust, settings } = means
  const { socket, presented: readPresented } = startHandshake({ endpoint: await to.open(), hostname: to.hostname, snapshot, session: cached?.session, settings })
  to.deadline.guard(socket)
  const tickets: Buffer[] = []
  let isAccepted = false
  let hasAnswered = false
  // Keys come to be when the server's part of the handshake is known. They are not looked at: that there are some tells a server that refuses from one that does not speak TLS.
  socket.once('keylog', () => { hasAnswered = true })
  let presented: PresentedServer | undefined
  const keep = (session: Buffer): void => {
    // A session of credentials that are gone is not worth keeping, one of a server that is not accepted yet must not be.
    if (isAccepted && presented !== undefined && means.credentials.current === snapshot) sessions.put(keyOf(to, snapshot), { session, presented })
    else if (!isAccepted) tickets.push(session)
  }
  socket.on('session', keep)
  try {
    await finishHandshake(socket)
    const resumed = socket.isSessionReused()
    presented = readPresented() ?? (resumed ? cached?.presented : undefined)
    const accepted = await to.deadline.race(acceptServer(to, trust, socket, presented)).catch((error: Error) => { throw resumed ? new StaleSession(error.message, { cause: error }) : error })
    assertOpen(socket)
    isAccepted = true
    tickets.forEach(keep)
    // Unlike the tickets of TLS 1.3 a session of TLS 1.2 may be resumed again, and often no other comes.
    if (resumed && cached !== undefined && socket.getProtocol() === 'TLSv1.2') keep(cached.session)
    const connection: Connection = { socket, server: accepted.current.peer, decision: accepted, snapshot, resumed, validUntil: snapshot.notAfter, answered: false, failure: undefined }
    socket.on('error', (error) => { connection.failure ??= error })
    return connection
  } catch (error) {
    socket.destroy()
    throw explainVerifyError(error as Error, to.origin, () => describeRefused(trust, readPresented())) ?? (hasAnswered ? explainFirstRequestError(error as Error, to.origin) : undefined) ?? error
  }
}

/** OpenSSL verified that the server holds its key; whose key it is is for `evaluate` to say, and whether that server was meant for the rules. */
async function acceptServer ({ origin, hostname, rules }: Destination, trust: ServerTrust, socket: TLSSocket, presented: PresentedServer | undefined): Promise<ServerDecision> {
  if (!socket.authorized || presented === undefined) {
    throw withFacts(new MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED(origin, 'it sent no certificate that verifies'), { retryable: false, origin, reason: 'other' })
  }
  const decision = await trust.evaluate(presented)
  if (!decision.accepted) throw refusalOf(decision, origin)
  await checkMeant({ server: decision.peer, hostname, origin, rules })
  return { presented, current: decision, deciding: undefined, refused: false }
}

function describeRefused (trust: ServerTrust, presented: PresentedServer | undefined): RefusalDetail | undefined {
  return presented === undefined ? undefined : trust.explain(presented)
}

/** Checking may take a while, and undici must not be given what broke meanwhile. */
function assertOpen (socket: Socket): void {
  if (!socket.destroyed && socket.readable && socket.writable) return
  throw Object.assign(socket.errored ?? new Error('the connection was closed after the handshake'), { code: (socket.errored as NodeJS.ErrnoException | null)?.code ?? 'ECONNRESET' })
}
