import type { BlockOption, CredentialSource, TrustSource } from '@peerkit/credentials'
import { isAuditKept } from '@peerkit/events'
import type { PeerIdentity } from '@peerkit/identity'
import type { FastifyInstance } from 'fastify'
import type { HandshakeReporter } from '../handshake/handshake-reporter.ts'
import type { Trust } from '../handshake/trust.ts'
import { logBlockChanges, logOwnEnd, logTrustChanges } from './credentials-log.ts'
import { RefusalLog } from './refusal-log.ts'
import type { RefusalLogger } from './refusal-log.ts'

/** The most clients to log. */
const MAX_LOGGED = 1_000

/** Logs each client that is accepted by an exception only once. */
export class ExceptionLog {
  readonly #log: RefusalLogger
  readonly #text: string
  readonly #more: string
  readonly #logged = new Set<string>()

  /**
   * @param text says what is accepted
   * @param more says that further clients are not logged
   */
  constructor (log: RefusalLogger, text: string, more: string) {
    this.#log = log
    this.#text = text
    this.#more = more
  }

  /** @param facts about the exception, for the line */
  write (peer: PeerIdentity, facts: object): void {
    const { fingerprint256 = '', authority } = peer
    if (this.#logged.has(fingerprint256) || this.#logged.size >= MAX_LOGGED) return
    this.#logged.add(fingerprint256)
    this.#log.warn({ peer: peer.toString(), fingerprint256, authority, ...facts }, this.#text)
    if (this.#logged.size === MAX_LOGGED) this.#log.warn({ logged: MAX_LOGGED }, this.#more)
  }
}

/** What is logged of a server that `withMtls` made. */
interface LoggedServer {
  readonly reporter: HandshakeReporter
  readonly trust: Trust
  readonly credentials: CredentialSource
  readonly block: BlockOption | undefined
  readonly now: () => number
}

/** Logs the refusals, exceptions and changes of a server that `withMtls` made, until the app closes. */
export function logServer (app: FastifyInstance, { reporter, trust, credentials, block, now }: LoggedServer): void {
  const { log } = app
  // An audit log writes its own lines and limits them.
  const isAudited = (): boolean => isAuditKept(app.server)
  const lines = new RefusalLog(log)
  const serverAuthOnly = new ExceptionLog(
    log,
    'the client certificate is for servers only; it is accepted until acceptUntil',
    'more clients with certificates for servers only are accepted; they are not logged'
  )
  reporter.onServerAuthOnly = (peer, until) => {
    serverAuthOnly.write(peer, { acceptUntil: new Date(until).toISOString().slice(0, 10) })
  }
  reporter.onRefused = (reason, build) => { if (!isAudited()) lines.refused(reason, build) }
  reporter.onEnded = (message) => { if (!isAudited()) lines.ended(message) }
  logTolerated(app, trust)
  logChanges(app, credentials, block)
  const end = logOwnEnd(credentials, log, now, isAudited)
  app.addHook('onClose', async () => { end() })
}

/** Logs each client that is accepted only because its authority tolerates a flaw, direct or behind a gateway. */
export function logTolerated ({ log }: FastifyInstance, trust: Trust): void {
  const lines = new ExceptionLog(
    log,
    'the client certificate has flaws that tolerate of its authority accepts; ask for a new certificate',
    'more clients with tolerated flaws are accepted; they are not logged'
  )
  // A copy, because some loggers mark objects while they write them.
  trust.onTolerated = ({ peer, tolerated }) => { lines.write(peer, { tolerated: [...tolerated] }) }
}

/** Logs changes of the trust and of the block list until the app closes. */
export function logChanges (app: FastifyInstance, source: TrustSource, block: BlockOption | undefined): void {
  const ends = [logTrustChanges(source, app.log, () => isAuditKept(app.server)), logBlockChanges(block, app.log)]
  app.addHook('onClose', async () => { for (const end of ends) end() })
}
