import type { EventEmitter } from 'node:events'
import { ListWatch } from '@peerkit/credentials'
import type { CredentialSource, CredentialSnapshot } from '@peerkit/credentials'
import { joinEmitter } from '@peerkit/events'
import { errors } from 'undici'
import type { MtlsAgentOptions } from '../agent-options.ts'
import type { ConnectContext } from '../connect/connection.ts'
import { SessionCache } from '../connect/handshake.ts'
import type { TlsSettings } from '../connect/handshake.ts'
import { ServerTrust } from '../connect/server-trust.ts'
import type { OriginPolicy } from './origin-policy.ts'
import { OriginPool } from './origin-pool.ts'

/**
 * The most origins with open connections. Beyond it, the connections of the oldest origin finish their requests and
 * close.
 */
const MAX_ORIGINS = 1000
const EVENTS = ['connect', 'disconnect', 'connectionError', 'drain'] as const

/** The state of one credential source. */
interface SourceState { readonly sessions: SessionCache, readonly trust: ServerTrust, readonly lists: ListWatch }

/**
 * Manages the connections of an agent by origin, and replaces them when credentials, trust or revocation data change.
 */
export class ConnectionManager {
  readonly #options: MtlsAgentOptions
  readonly #agentOptions: object
  readonly #agent: EventEmitter
  readonly #settings: TlsSettings
  readonly #sources = new Map<CredentialSource, SourceState>()
  readonly #current = new Map<string, OriginPool>()
  readonly #retiring = new Map<OriginPool, Promise<void>>()
  readonly #unsubscribes: Array<() => void> = []
  isClosed = false
  isDestroyed = false

  constructor (options: MtlsAgentOptions, passed: object, sources: ReadonlySet<CredentialSource>, agent: EventEmitter) {
    const { allowH2 = false, minVersion = 'TLSv1.2', maxVersion, ciphers, revocation } = options
    this.#options = options
    this.#agentOptions = { ...passed, allowH2 }
    this.#agent = agent
    this.#settings = Object.freeze({
      protocols: allowH2 ? ['http/1.1', 'h2'] : ['http/1.1'], minVersion, maxVersion, ciphers
    })
    for (const source of sources) this.#follow(source)
    // What they publish is for the apps of the agent.
    for (const part of [...sources, revocation]) {
      if (part !== undefined) this.#unsubscribes.push(joinEmitter(part, agent))
    }
    if (revocation !== undefined) {
      this.#unsubscribes.push(revocation.subscribe(() => { this.#retireOrigins(undefined, true) }))
    }
  }

  get stats (): Readonly<Record<string, object>> {
    return Object.assign({}, ...[...this.#current.values()].map(({ agent }) => agent.stats ?? {}))
  }

  /** @throws undici's ClientDestroyedError, ClientClosedError */
  assertOpen (): void {
    if (this.isDestroyed) throw new errors.ClientDestroyedError()
    if (this.isClosed) throw new errors.ClientClosedError()
  }

  /** The current pool of an origin, if there is one. */
  peek (origin: string): OriginPool | undefined {
    const known = this.#current.get(origin)
    // A listener that was notified of a rotation earlier may already send a request.
    return known?.isCurrent === true ? known : undefined
  }

  /** The current pool of an origin, created if needed. */
  find (policy: OriginPolicy): OriginPool {
    const found = this.peek(policy.origin)
    if (found !== undefined) return found
    const known = this.#current.get(policy.origin)
    if (known !== undefined) this.#retire(known, false)
    const pool = this.#create(policy)
    this.#current.set(policy.origin, pool)
    // While closing, requests that were accepted before are still sent, on a pool that then closes.
    if (this.isClosed) queueMicrotask(() => { this.#retire(pool, false) })
    else if (this.#current.size > MAX_ORIGINS) this.#retire([...this.#current.values()][0] as OriginPool, false)
    return pool
  }

  async close (): Promise<void> {
    this.#shut()
    for (const pool of [...this.#current.values()]) this.#retire(pool, false)
    while (this.#retiring.size > 0) await Promise.all(this.#retiring.values())
  }

  async destroy (reason: Error | null): Promise<void> {
    this.#shut()
    this.isDestroyed = true
    const pools = [...this.#current.values(), ...this.#retiring.keys()]
    this.#current.clear()
    await Promise.all(pools.map(async (pool) => { await pool.destroy(reason) }))
  }

  #shut (): void {
    this.isClosed = true
    for (const end of this.#unsubscribes.splice(0)) end()
    for (const { lists, sessions } of this.#sources.values()) {
      lists.stop()
      sessions.clear()
    }
  }

  #follow (source: CredentialSource): void {
    const { block } = this.#options
    const lists = new ListWatch(source, 'servers', { revocation: undefined, block }, () => {
      this.#retireOrigins(source, true)
    })
    this.#sources.set(source, { ...this.#createState(source), lists })
    lists.start()
    warnOfOwnPurpose(source.current)
    this.#unsubscribes.push(source.subscribe((change) => {
      if (change.type !== 'rotated') return
      lists.follow()
      warnOfOwnPurpose(source.current)
      this.#retireOrigins(source, change.trustChanged || change.snapshot.withdrawn === true)
    }))
  }

  /** Retires the pools of every origin of a source, or of all sources. */
  #retireOrigins (source: CredentialSource | undefined, isStale: boolean): void {
    for (const [key, { sessions }] of this.#sources) if (source === undefined || key === source) sessions.clear()
    for (const pool of [...this.#current.values(), ...this.#retiring.keys()]) {
      const { credentials, proxy } = pool.policy
      if (source === undefined || credentials === source || proxy?.credentials === source) {
        this.#retire(pool, isStale)
      }
    }
  }

  /**
   * Retires a pool: its connections finish their requests and close. If stale, they do not start requests that were
   * assigned to them.
   */
  #retire (pool: OriginPool, isStale: boolean): void {
    pool.isRetired = true
    pool.isStale ||= isStale
    const { origin } = pool.policy
    if (this.#current.get(origin) === pool) this.#current.delete(origin)
    if (this.#retiring.has(pool)) return
    const closed = pool.agent.close().catch(() => {}).then(() => { this.#retiring.delete(pool) })
    this.#retiring.set(pool, closed)
  }

  #create (policy: OriginPolicy): OriginPool {
    const { connectTimeout = 10_000 } = this.#options
    const proxySource = policy.proxy?.credentials
    const pool = new OriginPool({
      policy,
      emitter: this.#agent,
      context: this.#contextOf(policy.credentials),
      proxyContext: proxySource === undefined ? undefined : this.#contextOf(proxySource),
      timeout: connectTimeout,
      agentOptions: this.#agentOptions,
      onStale: (stale) => { this.#retire(stale, true) }
    })
    for (const event of EVENTS) {
      pool.agent.on(event as 'connect', (...args: any[]) => { this.#agent.emit(event, ...args) })
    }
    return pool
  }

  #contextOf (credentials: CredentialSource): ConnectContext {
    const { now = Date.now } = this.#options
    const { sessions, trust } = this.#sources.get(credentials) ?? this.#createState(credentials)
    return { credentials, sessions, trust, settings: this.#settings, now }
  }

  #createState (source: CredentialSource): Pick<SourceState, 'sessions' | 'trust'> {
    const { revocation, algorithms, block, now = Date.now } = this.#options
    return { sessions: new SessionCache(), trust: new ServerTrust(source, { revocation, algorithms, block, now }) }
  }
}

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'

/** Fingerprints that were reported. An app has few certificates of its own. */
const reported = new Set<string>()

/**
 * Warns about a client certificate that servers refuse, because its extended key usage lacks clientAuth. Since 2026
 * public CAs issue only such certificates for TLS. Warns once for each certificate.
 */
export function warnOfOwnPurpose ({ identity }: CredentialSnapshot): void {
  const { extendedKeyUsage = [], fingerprint256 = '' } = identity
  if (extendedKeyUsage.length === 0 || extendedKeyUsage.includes(CLIENT_AUTH) || reported.has(fingerprint256)) return
  reported.add(fingerprint256)
  const message = `The client certificate ${String(identity)} lacks clientAuth in its extended key usage: servers ` +
    'that check it refuse the connection. Use a certificate of a private CA (with the development CA: ' +
    'peerkit cert issue --profile both); ' +
    '`peerkit forecast` explains certificates of public CAs'
  process.emitWarning(message, { type: 'PeerkitWarning', code: 'MTLS_WARN_OWN_PURPOSE' })
}
