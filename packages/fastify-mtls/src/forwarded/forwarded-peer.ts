import { EMITTER, forwardedRefused, forwardedStripped, isAuditKept } from '@peerkit/events'
import { createForwardedReader, needsValidator, stripHeaders } from '@peerkit/forwarded'
import type {
  ChainValidator, ForwardedReader, ForwardedReaderOptions, ForwardedResult, ForwardedReason, StrippableMessage
} from '@peerkit/forwarded'
import { CERTIFICATE_FLAWS, endOfValidity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { ASK_AGAIN_AFTER, isThenable, upgradedSocketsOf, whenSettled, withTimeout } from '@peerkit/identity/internal'
import type { UpgradedSockets } from '@peerkit/identity/internal'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { recordOfRequest } from '../connection/connection-record.ts'
import { ForwardedRefusedError, ServerOptionError } from '../errors.ts'
import { ForwardedTrust, validateInProcess } from './forwarded-trust.ts'
import type { ForwardedOption } from '../plugin-options.ts'
import { assignPeer, assignedPeer, peerOfRequest } from '../request/request-peer.ts'
import { REVOCATION_TIMEOUT } from './gateway-context.ts'
import type { GatewayContext } from './gateway-context.ts'

/** A header that was refused or removed. `reason` and `detail` are only for the log and events. */
type Rejection = {
  readonly state: 'refused' | 'stripped'
  readonly reason: ForwardedReason
  readonly header: string
  readonly detail?: string | undefined
}

/** Where a refused header is logged. */
type Log = FastifyRequest['log']

/** A request with the identity and address of its connection: behind a gateway those of the gateway. */
interface Call {
  readonly raw: RawRequest
  readonly log: Log
  readonly sender: PeerIdentity | undefined
  readonly remoteAddress: string | undefined
}

/** States that neither name a client nor refuse the request. */
const SETTLED: ReadonlySet<string> = new Set<ForwardedResult['state']>(['absent', 'anonymous', 'stripped'])

/** Whether the headers of a request were believed. A listener of the raw server and a route may both ask. */
const TAKEN: unique symbol = Symbol('peerkit.forwarded')

type RawRequest = FastifyRequest['raw'] & { [TAKEN]?: boolean | Promise<boolean> }

/** Identifies the clients of gateways. */
export class ForwardedPeers {
  readonly #app: FastifyInstance
  readonly #reader: ForwardedReader
  readonly #trust: ForwardedTrust | undefined
  readonly #sockets: UpgradedSockets
  readonly #now: () => number
  readonly #timeout: number
  readonly #checkConnection: NonNullable<GatewayContext['checkConnection']>
  #onUnixSocket = false
  /** Requests of gateways without a client certificate, with the gateway in words. */
  readonly #nobody = new WeakMap<object, string>()

  /**
   * @param context undefined on a server that `withMtls` did not make and without the option `trust`: only the gateway
   *   decides then
   */
  constructor (app: FastifyInstance, option: ForwardedOption, context: GatewayContext | undefined) {
    this.#app = app
    const { verifiedAs, ...readerOptions } = isReader(option) ? {} as { verifiedAs?: string } : option
    checkVerifiedAs(verifiedAs, context, app)
    const validator = isReader(option) || context === undefined || option.validator !== undefined ||
      !needsValidator(option)
      ? undefined
      : validateInProcess(context.trust)
    this.#reader = isReader(option) ? option : createReader(readerOptions as ForwardedReaderOptions, context, validator)
    this.#trust = context === undefined
      ? undefined
      : new ForwardedTrust(context.trust, validator !== undefined, verifiedAs)
    this.#timeout = context?.revocationTimeout ?? REVOCATION_TIMEOUT
    this.#checkConnection = (raw) => context?.checkConnection?.(raw)
    this.#sockets = upgradedSocketsOf(app.server)
    this.#now = context?.trust.now ?? Date.now
    context?.onReview.add(() => { this.#sockets.review(this) })
  }

  /** Assigns the identity that a gateway forwards. Returns false if a header must not be believed. */
  take ({ raw, log }: { readonly raw: RawRequest, readonly log: Log }): boolean | Promise<boolean> {
    const taken = raw[TAKEN] ?? this.#take(raw, log)
    raw[TAKEN] = taken
    return taken
  }

  /**
   * The client of a request that a listener of the raw server may answer.
   *
   * @throws ForwardedRefusedError if a header must not be believed
   */
  async identify (raw: RawRequest): Promise<PeerIdentity | null> {
    if (!await this.take({ raw, log: this.#app.log })) throw new ForwardedRefusedError()
    return assignedPeer(raw)
  }

  #take (raw: RawRequest, log: Log): boolean | Promise<boolean> {
    const record = recordOfRequest(raw)
    // From when the connection was opened, if known: a socket that was reset has no address any more.
    const call: Call = {
      raw,
      log,
      sender: peerOfRequest(raw) ?? undefined,
      remoteAddress: record === undefined ? raw.socket?.remoteAddress : record.remoteAddress
    }
    const believed = this.#read(call)
    if ((raw as { upgrade?: boolean | null }).upgrade !== true) return believed
    return whenSettled(believed, (settled) => settled && this.#follow(call))
  }

  /** Why a request has no client although a gateway sent it; undefined if none did. */
  explainNobody ({ raw }: FastifyRequest): string | undefined {
    const gateway = this.#nobody.get(raw)
    if (gateway === undefined) return undefined
    const [header] = this.#reader.headerNames
    const where = header === undefined ? 'a header of the reader' : `the header ${header}`
    return `the gateway ${gateway} sent no client certificate; expected it in ${where}`
  }

  #read (call: Call): boolean | Promise<boolean> {
    const { raw: { rawHeaders }, sender, remoteAddress } = call
    const read = this.#reader.read({
      rawHeaders, sender, remoteAddress, unixSocket: remoteAddress === undefined && this.#listensOnUnixSocket()
    })
    const result = whenSettled(read, (settled) => this.#check(settled))
    return whenSettled(isThenable(result) ? this.#inTime(result) : result, (settled) => this.#assign(call, settled))
  }

  #check (result: ForwardedResult): ForwardedResult | Promise<ForwardedResult> {
    if (result.state !== 'accepted' || this.#trust === undefined) return result
    return whenSettled(this.#trust.check(result.identity, result.sent), (answer) => answer.accepted
      ? { ...result, identity: answer.identity }
      : this.#refuse(answer.reason, answer.detail))
  }

  /**
   * Limits the time for the reader's validator and the server's own checkers together. Any of them may never answer.
   */
  async #inTime (result: Promise<ForwardedResult>): Promise<ForwardedResult> {
    return await withTimeout(result, {
      timeout: this.#timeout,
      onTimeout: () => this.#refuse('timeout', 'no answer about revocation came in time')
    })
  }

  #refuse (reason: ForwardedReason, detail: string): ForwardedResult {
    return { state: 'refused', reason, header: this.#reader.headerNames[0] ?? '', detail }
  }

  #assign (call: Call, result: ForwardedResult): boolean {
    if (result.state === 'refused') {
      this.#reject(call, result)
      return false
    }
    const { raw, sender } = call
    if (result.state === 'accepted') {
      assignPeer(raw, result.identity)
      return true
    }
    if (result.state === 'stripped') {
      this.#reject(call, { ...result, reason: 'untrusted_sender' })
      stripHeaders(raw as unknown as StrippableMessage, this.#reader.headerNames)
    }
    // A reader of the app's own may answer anything. Only what is known lets the request keep the sender's identity.
    if (!SETTLED.has(result.state)) {
      this.#reject(call, { state: 'refused', reason: 'malformed', header: this.#reader.headerNames[0] ?? '' })
      return false
    }
    const isNobody = result.state === 'anonymous'
    if (isNobody) this.#nobody.set(raw, sender?.toString() ?? call.remoteAddress ?? 'on the Unix socket')
    assignPeer(raw, isNobody ? null : sender ?? null)
    return true
  }

  #reject (
    { log, sender, remoteAddress }: Call, { state, reason, header, detail }: Rejection
  ): void {
    const peer = sender ?? null
    const { server } = this.#app
    if (!isAuditKept(server)) {
      log.warn(
        { reason, detail, header, peer: peer?.toString() },
        state === 'refused' ? 'forwarded client certificate refused' : 'forwarded client certificate removed'
      )
    }
    const channel = state === 'refused' ? forwardedRefused : forwardedStripped
    if (!channel.hasSubscribers) return
    channel.publish({ v: 1, time: Date.now(), [EMITTER]: () => server, reason, detail, header, peer, remoteAddress })
  }

  /** Checks the upgraded sockets of forwarded clients. `ConnectionWatch` checks those of direct clients. */
  #follow (call: Call): true {
    const { raw } = call
    const peer = assignedPeer(raw)
    if (peer?.source !== 'forwarded') {
      this.#sockets.add(raw.socket)
      return true
    }
    const end = peer.notAfter === undefined ? Infinity : endOfValidity(peer)
    this.#sockets.addCheck(raw.socket, {
      by: this,
      // The connection itself comes first: decided anew, its certificate may be no gateway's any more.
      isAllowed: () => whenSettled(this.#checkConnection(raw), (reason) => {
        return reason === undefined && this.#read({ ...call, sender: senderOf(raw, call.sender) })
      }),
      // An answer about revocation may expire without notice.
      wait: () => Math.min(ASK_AGAIN_AFTER, end - this.#now())
    })
    return true
  }

  /** Known once the server listens, and kept after it stopped. */
  #listensOnUnixSocket (): boolean {
    const address = this.#app.server.address()
    if (address !== null) this.#onUnixSocket = typeof address === 'string'
    return this.#onUnixSocket
  }
}

/** The identity of a connection as it is now. */
function senderOf (raw: RawRequest, before: PeerIdentity | undefined): PeerIdentity | undefined {
  const record = recordOfRequest(raw)
  return record === undefined ? before : record.peer ?? undefined
}

/** @throws ServerOptionError if it is neither a reader nor options */
function isReader (option: ForwardedOption): option is ForwardedReader {
  if (typeof option !== 'object' || option === null) {
    throw new ServerOptionError(
      `forwarded is ${option === null ? 'null' : typeof option}; expected options of createForwardedReader, or a reader`
    )
  }
  return 'read' in option && typeof option.read === 'function'
}

/**
 * Warns of an authority that may still be added, such as a federated trust domain: nobody is accepted until then.
 *
 * @throws ServerOptionError
 */
function checkVerifiedAs (verifiedAs: unknown, context: GatewayContext | undefined, { log }: FastifyInstance): void {
  if (verifiedAs === undefined) return
  if (context === undefined) {
    throw new ServerOptionError(
      'found forwarded.verifiedAs without trust; expected the option trust, which defines the authority'
    )
  }
  const authorities = context.trust.ruleAuthorities
  const inForce = authorities.filter(({ awaits, only }) => awaits === undefined && only === undefined)
  if (inForce.some(({ name }) => name === verifiedAs)) return
  // An authority in force that is for servers alone does not become one for clients.
  const isTaken = authorities.some(({ awaits, name }) => awaits === undefined && name === verifiedAs)
  const isAwaited = typeof verifiedAs === 'string' && authorities.some(({ awaits }) => awaits?.(verifiedAs) === true)
  if (isTaken || !isAwaited) {
    const names = inForce.map(({ name }) => name).join(', ')
    throw new ServerOptionError(
      `forwarded.verifiedAs is ${JSON.stringify(verifiedAs)}; expected an authority for clients: ${names}`
    )
  }
  log.warn(`forwarded.verifiedAs is "${verifiedAs}": no forwarded client is accepted until this authority is added`)
}

function createReader (
  options: ForwardedReaderOptions, context: GatewayContext | undefined, own: ChainValidator | undefined
): ForwardedReader {
  if (context === undefined) return createForwardedReader(options)
  const { now } = context.trust
  const validator = own ?? options.validator
  // ForwardedTrust asks the authorities about the flaws.
  return createForwardedReader({
    now, ...options, ...(validator !== undefined && { validator }), tolerate: CERTIFICATE_FLAWS
  })
}
