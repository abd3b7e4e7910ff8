import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { CredentialSnapshot, CredentialSource } from '@peerkit/credentials'
import type { RefusalDetail } from '@peerkit/events'
import { endOfValidity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { isThenable, scheduleTimer, withTimeout } from '@peerkit/identity/internal'
import type { SentChain } from '@peerkit/identity/internal'
import { OutboundCredentialsExpiredError, refuseServer } from '../errors.ts'
import { explainFirstRequestError, explainVerifyError } from './explain-error.ts'
import { finishHandshake, startHandshake } from './handshake.ts'
import type { CachedSession, Endpoint, SessionCache, TlsSettings } from './handshake.ts'
import { askedForCertificate } from './node-internals.ts'
import { checkIdentity } from './server-rules.ts'
import type { ServerRules } from './server-rules.ts'
import type { ServerDecision, ServerTrust } from './server-trust.ts'

/** What is needed to open connections with one credential source. */
export interface ConnectContext {
  readonly credentials: CredentialSource
  readonly sessions: SessionCache
  readonly trust: ServerTrust
  readonly settings: TlsSettings
  readonly now: () => number
}

/** The destination of a connection. */
export interface Destination {
  readonly origin: string
  readonly rules: ServerRules
  /** The name that the certificate must be for. */
  readonly hostname: string
  /** The time limit. */
  readonly deadline: ConnectLimit
  /** The key of its sessions in the cache. */
  readonly sessionKey: string
  /**
   * Opens the underlying connection. Called again if a resumed session led to a server that is not accepted any more.
   */
  open (): Endpoint | Promise<Endpoint>
}

/** One connection whose server is accepted. */
export interface Connection {
  readonly socket: TLSSocket
  readonly server: PeerIdentity
  readonly decision: ServerDecision
  readonly snapshot: CredentialSnapshot
  readonly resumed: boolean
  /** When the connection must not take new requests any more, in milliseconds since the epoch. */
  validUntil: number
  /** Whether a response was received. It means that the server accepted the client certificate. */
  answered: boolean
  /** Whether the server asked for the client certificate; on a resumed session it had asked before. */
  readonly asked: boolean
  /**
   * The first error of its socket, such as a TLS alert. undici reports the last one: that the connection was closed.
   */
  failure: Error | undefined
  /** Whether the server asked for TLS renegotiation, which ends the connection. */
  refusedRenegotiation (): boolean
}

/**
 * Opens a connection with the current credentials and checks the server, before a byte of a request is written.
 *
 * @throws an error of this package, or Node's own
 */
export async function openConnection (destination: Destination, context: ConnectContext): Promise<Connection> {
  const snapshot = context.credentials.current
  const { withdrawn = false } = snapshot
  if (withdrawn || context.now() >= endOfValidity(snapshot)) {
    throw new OutboundCredentialsExpiredError(destination.origin, snapshot.notAfter, withdrawn)
  }
  const key = keyOf(destination, snapshot)
  const cached = context.sessions.take(key)
  if (cached === undefined || isRefused(context.trust, cached)) {
    return await performHandshake(destination, context, snapshot, undefined)
  }
  try {
    return await performHandshake(destination, context, snapshot, cached)
  } catch (error) {
    if (!(error instanceof StaleSession)) throw error
    // The cached identity is from an earlier handshake. The server may have another certificate now, which only a full
    // handshake shows.
    context.sessions.drop(key)
    return await performHandshake(destination, context, context.credentials.current, undefined)
  }
}

/** Thrown if a resumed session led to a server that is not accepted any more. */
class StaleSession extends Error {}

/**
 * The cache key of a session. Sessions are not resumed with other credentials: a resumed session has the identity of
 * the old ones.
 */
function keyOf ({ sessionKey }: Destination, { generation }: CredentialSnapshot): string {
  return `${generation} ${sessionKey}`
}

/** Whether the certificate of a cached session is known to be refused now. */
function isRefused (trust: ServerTrust, { presented }: CachedSession): boolean {
  const decision = trust.evaluate(presented)
  return !isThenable(decision) && !decision.accepted
}

async function performHandshake (
  destination: Destination, context: ConnectContext, snapshot: CredentialSnapshot, cached: CachedSession | undefined
): Promise<Connection> {
  const { sessions, trust, settings } = context
  const { socket, presented: readPresented, refusedRenegotiation } = startHandshake({
    endpoint: await destination.open(), hostname: destination.hostname, snapshot, session: cached?.session, settings
  })
  destination.deadline.guard(socket)
  const tickets: Buffer[] = []
  let isAccepted = false
  let hasAnswered = false
  // Keys exist once the server has answered the handshake. Only their existence is used: it distinguishes a server that
  // refuses from one that does not speak TLS.
  socket.once('keylog', () => { hasAnswered = true })
  let presented: SentChain | undefined
  const keep = (session: Buffer): void => {
    // A session of replaced credentials is useless. A session of a server that is not accepted yet must not be kept.
    if (!isAccepted) tickets.push(session)
    else if (presented !== undefined && context.credentials.current === snapshot) {
      sessions.put(keyOf(destination, snapshot), { session, presented })
    }
  }
  socket.on('session', keep)
  try {
    await finishHandshake(socket)
    const resumed = socket.isSessionReused()
    presented = readPresented() ?? (resumed ? cached?.presented : undefined)
    const accepted = await destination.deadline.race(acceptServer(destination, trust, socket, presented))
      .catch((error: Error) => {
        throw resumed ? new StaleSession(error.message, { cause: error }) : error
      })
    assertOpen(socket)
    isAccepted = true
    tickets.forEach(keep)
    // A session of TLS 1.2 may be resumed again, unlike a ticket of TLS 1.3, and often the server sends no other.
    if (resumed && cached !== undefined && socket.getProtocol() === 'TLSv1.2') keep(cached.session)
    const connection: Connection = {
      socket,
      server: accepted.current.peer,
      decision: accepted,
      snapshot,
      resumed,
      validUntil: endOfValidity(snapshot),
      answered: false,
      asked: resumed || askedForCertificate(socket),
      failure: undefined,
      refusedRenegotiation
    }
    socket.on('error', (error) => { connection.failure ??= error })
    return connection
  } catch (error) {
    socket.destroy()
    throw explainVerifyError(error as Error, destination.origin, () => describeRefused(trust, readPresented())) ??
      (hasAnswered ? explainFirstRequestError(error as Error, destination.origin) : undefined) ?? error
  }
}

/**
 * Verifies the server's certificate and checks it against the rules. OpenSSL has proved that the server holds the key.
 */
async function acceptServer (
  { origin, hostname, rules }: Destination,
  trust: ServerTrust,
  socket: TLSSocket,
  presented: SentChain | undefined
): Promise<ServerDecision> {
  if (!socket.authorized || presented === undefined) {
    throw refuseServer(origin, 'it sent no valid certificate', { reason: 'bad_chain' })
  }
  const decision = await trust.evaluate(presented)
  if (!decision.accepted) throw refuseServer(origin, decision.detail.message, decision)
  await checkIdentity({ server: decision.peer, hostname, origin, rules })
  return { presented, current: decision, deciding: undefined, refused: false }
}

function describeRefused (trust: ServerTrust, presented: SentChain | undefined): RefusalDetail | undefined {
  return presented === undefined ? undefined : trust.explain(presented)
}

/**
 * Checks that the connection is still open: checking the server may take time, and undici must not get a broken socket.
 */
function assertOpen (socket: Socket): void {
  if (!socket.destroyed && socket.readable && socket.writable) return
  throw Object.assign(socket.errored ?? new Error('the connection was closed after the handshake'), {
    code: (socket.errored as NodeJS.ErrnoException | null)?.code ?? 'ECONNRESET'
  })
}

/** One time limit for all steps of opening a connection. */
export class ConnectLimit {
  readonly #expired = new AbortController()
  readonly #cancel: () => void
  readonly #sockets: Socket[] = []

  readonly #parent: ConnectLimit | undefined

  /**
   * @param makeError makes the error with which opening the connection fails
   * @param parent a limit of several attempts, of which this is one
   */
  constructor (milliseconds: number, makeError: () => Error, parent?: ConnectLimit) {
    this.#parent = parent
    // The socket keeps the process alive while a connection is opened.
    this.#cancel = scheduleTimer(() => {
      const error = makeError()
      this.#expired.abort(error)
      for (const socket of this.#sockets) socket.destroy(error)
    }, milliseconds)
  }

  /** Whether the time is up. */
  get isOver (): boolean { return this.#expired.signal.aborted }

  /** Resolves like the promise, or rejects when the time is up. */
  async race<T> (promise: Promise<T>): Promise<T> {
    return await withTimeout(promise, { signal: this.#expired.signal })
  }

  /** Destroys the socket when time is up. */
  guard (socket: Socket): void {
    this.#sockets.push(socket)
    this.#parent?.guard(socket)
  }

  end (): void { this.#cancel() }
}
