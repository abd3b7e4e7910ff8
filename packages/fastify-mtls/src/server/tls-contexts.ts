import { secureContextOptions } from '@peerkit/credentials'
import type { CredentialSnapshot, CredentialSource } from '@peerkit/credentials'
import { ownContextOptions } from '@peerkit/credentials/internal'
import type { PeerIdentity } from '@peerkit/identity'
import { findIssuer } from '@peerkit/trust'
import type { SecureContextOptions } from 'node:tls'
import { ServerOptionError } from '../errors.ts'
import type { MtlsServer } from '../handshake/handshake-gate.ts'
import type { MtlsServerOptions } from './server-options.ts'
import { TicketKeys } from './ticket-keys.ts'

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const ANY = '2.5.29.37.0'

interface ErrorLog { error (fields: object, message: string): void }

/** The change of credentials that is followed. */
interface Rotation {
  readonly snapshot: CredentialSnapshot
  readonly previous: CredentialSnapshot
  readonly trustChanged: boolean
}

/**
 * The TLS contexts of all servers of one app: the certificate that they present, the CAs that they name, their ticket
 * keys and the stapled OCSP answer. They follow the credentials.
 */
export class TlsContexts {
  readonly #credentials: CredentialSource
  readonly #options: MtlsServerOptions
  readonly #learned: () => readonly string[]
  readonly #tickets: TicketKeys
  /** Each server with its original `setSecureContext`, which is hidden from other code. */
  readonly #servers = new Map<MtlsServer, MtlsServer['setSecureContext']>()
  /** The certificate and key that are presented: the last ones that are for servers. */
  #presented: CredentialSnapshot

  /** @param learned lists the intermediates that clients sent, see `TicketKeys` */
  constructor (credentials: CredentialSource, options: MtlsServerOptions, learned: () => readonly string[]) {
    this.#credentials = credentials
    this.#presented = credentials.current
    this.#options = options
    this.#learned = learned
    this.#tickets = new TicketKeys(options, options.now ?? Date.now, () => { this.#applyAllTicketKeys() })
  }

  /** How many servers there are. */
  get size (): number { return this.#servers.size }

  /** @throws ServerOptionError if the first server would present a certificate that is not for servers */
  add (server: MtlsServer): void {
    checkRuntime(server)
    if (this.size === 0) {
      checkServerPurpose(this.#credentials.current.identity)
      this.#presented = this.#credentials.current
      this.#tickets.start()
    }
    const setSecureContext = server.setSecureContext.bind(server)
    this.#servers.set(server, setSecureContext)
    setContext(server, setSecureContext, this.#contextOptions(this.#credentials.current))
    blockContextMethods(server)
    this.#applyTicketKeys(server)
    // In a worker of node:cluster, listening sets the keys with which the first worker began to listen. Those may be of
    // an older trust, and nobody said that the workers share keys.
    server.prependListener('listening', () => { if (this.#servers.has(server)) this.#applyTicketKeys(server) })
  }

  /** Returns whether the last server was removed. */
  remove (server: MtlsServer): boolean {
    const isLast = this.#servers.delete(server) && this.size === 0
    if (isLast) this.#tickets.stop()
    return isLast
  }

  /** @param log gets a line if the new certificate is not for servers */
  rotate ({ snapshot, previous, trustChanged }: Rotation, log: ErrorLog | undefined): void {
    if (trustChanged) this.#tickets.drop()
    const isPresented = isForServers(snapshot.identity)
    if (isPresented) this.#presented = snapshot
    else if (snapshot.cert !== previous.cert) logWrongPurpose(log, snapshot, this.#presented)
    for (const [server, setSecureContext] of this.#servers) {
      setContext(server, setSecureContext, this.#contextOptions(snapshot))
      this.#applyTicketKeys(server)
    }
    if (isPresented && snapshot.cert !== previous.cert) this.#restaple(snapshot)
  }

  /**
   * A resumed session was refused. No ticket that was issued before is decrypted here: the next handshakes of all
   * clients are full. Does nothing if no path is known and there is no shared secret: a process knows the intermediates
   * of its own tickets, so that client is a stranger, and must not end the sessions of others.
   */
  forgetTickets (isPathKnown: boolean): void {
    if (this.#tickets.isShared) this.#tickets.useOwnKeys()
    else if (isPathKnown) this.#tickets.drop()
    else return
    this.#applyAllTicketKeys()
  }

  /**
   * An intermediate was learned: tickets are again those of every process that knows the same ones. Does nothing
   * without a shared secret, since a process knows the intermediates of its own tickets.
   */
  useSharedTickets (): void {
    if (!this.#tickets.isShared) return
    this.#tickets.useSharedKeys()
    this.#applyAllTicketKeys()
  }

  /** The trust of a snapshot, with the certificate that is presented, unless it was withdrawn. */
  #contextOptions (snapshot: CredentialSnapshot): SecureContextOptions {
    const presented = snapshot.withdrawn === true ? snapshot : this.#presented
    return { ...trustContextOptions(snapshot, this.#options), ...ownContextOptions(presented) }
  }

  #restaple ({ identity, intermediates, anchors }: CredentialSnapshot): void {
    const { ocspStapler } = this.#options
    if (ocspStapler === undefined) return
    const issuer = findIssuer(identity, [...intermediates, ...anchors])
    // Until the answer arrives nothing is stapled. The stapler reports failures and retries.
    if (issuer !== undefined) ocspStapler.update(identity, issuer).catch(() => {})
  }

  #applyAllTicketKeys (): void {
    for (const server of this.#servers.keys()) this.#applyTicketKeys(server)
  }

  #applyTicketKeys (server: MtlsServer): void {
    server.setTicketKeys(this.#tickets.make(this.#credentials.current, this.#learned()))
  }
}

/**
 * Returns all options of a secure context except our certificate and key. What `setSecureContext` does not get falls
 * back to a default, including the lowest TLS version and the public roots.
 */
export function trustContextOptions (
  snapshot: CredentialSnapshot, { minVersion = 'TLSv1.2', maxVersion, ciphers }: MtlsServerOptions
): SecureContextOptions {
  const {
    cert: _, key: _key, privateKeyEngine: _engine, privateKeyIdentifier: _identifier, ...trust
  } = secureContextOptions(snapshot, 'clients')
  return {
    ...trust,
    minVersion,
    ...(maxVersion !== undefined && { maxVersion }),
    ...(ciphers !== undefined && { ciphers })
  }
}

/**
 * Sets a TLS context. Node copies the key to properties of the server, where logs and debuggers would show it, and does
 * not read it again: connections use the secure context that was made of it.
 */
function setContext (
  server: MtlsServer, setSecureContext: MtlsServer['setSecureContext'], options: SecureContextOptions
): void {
  setSecureContext(options)
  for (const name of ['key', 'pfx', 'passphrase']) Object.assign(server, { [name]: undefined })
}

/**
 * Blocks the methods that set a TLS context. Such a context would trust other CAs, or the public roots if it names
 * none, and rotation would not reach it.
 */
function blockContextMethods (server: MtlsServer): void {
  for (const method of ['addContext', 'setSecureContext'] as const) {
    server[method] = () => {
      throw new ServerOptionError(
        `app.server.${method}() was called; expected certificates and CAs only from the credentials: ` +
          'rotate those, or make one app for each certificate'
      )
    }
  }
}

/**
 * Whether clients accept a certificate for a server. One without an extended key usage is for everything (RFC 5280
 * section 4.2.1.12).
 */
function isForServers ({ extendedKeyUsage = [] }: PeerIdentity): boolean {
  return extendedKeyUsage.length === 0 || extendedKeyUsage.includes(SERVER_AUTH) || extendedKeyUsage.includes(ANY)
}

/**
 * Refuses a certificate that is for clients only: every client would refuse the server.
 *
 * @throws ServerOptionError
 */
export function checkServerPurpose (identity: PeerIdentity): void {
  if (isForServers(identity)) return
  throw new ServerOptionError(
    `the certificate ${String(identity)} is not for servers: its extended key usage has no serverAuth, so clients ` +
      'refuse it; expected a certificate for servers, with the development CA: ' +
      'peerkit cert issue --profile server, or --profile both for one that calls other services too'
  )
}

/** Says that a rotation brought a certificate that no server can use, and which one is presented instead. */
function logWrongPurpose (
  log: ErrorLog | undefined, { identity, generation }: CredentialSnapshot, presented: CredentialSnapshot
): void {
  log?.error(
    { certificate: String(identity), presented: String(presented.identity), generation },
    'the new certificate is not for servers: its extended key usage has no serverAuth, so clients would refuse it; ' +
      'the former one stays in use. Rotate to a certificate for servers. To refuse such rotations at the source, use ' +
      "fileCredentials({ use: 'server' })"
  )
}

/** Refuses runtimes whose servers cannot replace certificates, such as Bun. @throws ServerOptionError */
function checkRuntime (server: MtlsServer): void {
  const missing = (['setSecureContext', 'setTicketKeys'] as const).filter((name) => typeof server[name] !== 'function')
  if (missing.length === 0) return
  const { bun, node } = process.versions
  const runtime = bun === undefined ? `Node ${node}` : `Bun ${bun}`
  throw new ServerOptionError(
    `servers of ${runtime} have no ${missing.join('() and no ')}(), so they cannot replace certificates while they ` +
      'listen; run the service with Node 22.19 or later, or with Deno, or behind a gateway that verifies clients ' +
      '(option forwarded)'
  )
}
