import { errors } from 'undici'
import { ListWatch } from '@peerkit/credentials'
import type { CredentialSource } from '@peerkit/credentials'
import type { MtlsAgentOptions } from './agent-options.ts'
import type { Means } from './connector.ts'
import { Generation } from './generation.ts'
import type { TlsSettings } from './handshake.ts'
import type { OriginPolicy } from './origin-policy.ts'
import { warnOfOwnPurpose } from './own-purpose.ts'
import { ServerTrust } from './server-trust.ts'
import { SessionCache } from './session-cache.ts'

/**
 * The most origins with open connections. Beyond it, the connections of the oldest origin finish their requests and
 * close.
 */
const MOST_ORIGINS = 1000
const EVENTS = ['connect', 'disconnect', 'connectionError', 'drain'] as const

type Tell = (event: string, ...args: any[]) => void

/** The state of one credential source. */
interface Realm { readonly sessions: SessionCache, readonly trust: ServerTrust, readonly lists: ListWatch }

/**
 * Manages the connections of an agent by origin, and replaces them when credentials, trust or revocation data change.
 */
export class ConnectionBook {
  readonly #options: MtlsAgentOptions
  readonly #agentOptions: object
  readonly #tell: Tell
  readonly #settings: TlsSettings
  readonly #realms = new Map<CredentialSource, Realm>()
  readonly #current = new Map<string, Generation>()
  readonly #retiring = new Map<Generation, Promise<void>>()
  readonly #ends: Array<() => void> = []
  isClosed = false
  isDestroyed = false

  constructor (options: MtlsAgentOptions, passed: object, sources: ReadonlySet<CredentialSource>, tell: Tell) {
    const { allowH2 = false, minVersion = 'TLSv1.2', maxVersion, ciphers, revocation } = options
    this.#options = options
    this.#agentOptions = { ...passed, allowH2 }
    this.#tell = tell
    this.#settings = Object.freeze({ allowH2, minVersion, maxVersion, ciphers })
    for (const source of sources) this.#follow(source)
    if (revocation !== undefined) this.#ends.push(revocation.subscribe(() => { this.#forget(undefined, true) }))
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
  peek (origin: string): Generation | undefined {
    const known = this.#current.get(origin)
    // A listener that was notified of a rotation earlier may already send a request.
    return known?.isCurrent === true ? known : undefined
  }

  /** The current pool of an origin, created if needed. */
  find (policy: OriginPolicy): Generation {
    const found = this.peek(policy.origin)
    if (found !== undefined) return found
    const known = this.#current.get(policy.origin)
    if (known !== undefined) this.#retire(known, false)
    const generation = this.#create(policy)
    this.#current.set(policy.origin, generation)
    // While closing, requests that were accepted before are still sent, on a pool that then closes.
    if (this.isClosed) queueMicrotask(() => { this.#retire(generation, false) })
    else if (this.#current.size > MOST_ORIGINS) this.#retire([...this.#current.values()][0] as Generation, false)
    return generation
  }

  async close (): Promise<void> {
    this.#shut()
    for (const generation of [...this.#current.values()]) this.#retire(generation, false)
    while (this.#retiring.size > 0) await Promise.all(this.#retiring.values())
  }

  async destroy (reason: Error | null): Promise<void> {
    this.#shut()
    this.isDestroyed = true
    const generations = [...this.#current.values(), ...this.#retiring.keys()]
    this.#current.clear()
    await Promise.all(generations.map(async ({ agent }) => { await agent.destroy(reason) }))
  }

  #shut (): void {
    this.isClosed = true
    for (const end of this.#ends.splice(0)) end()
    for (const { lists, sessions } of this.#realms.values()) {
      lists.stop()
      sessions.clear()
    }
  }

  #follow (source: CredentialSource): void {
    const { block } = this.#options
    const lists = new ListWatch(source, 'servers', { revocation: undefined, block }, () => {
      this.#forget(source, true)
    })
    this.#realms.set(source, { ...this.#createRealm(source), lists })
    lists.start()
    warnOfOwnPurpose(source.current)
    this.#ends.push(source.subscribe((change) => {
      if (change.type !== 'rotated') return
      lists.follow()
      warnOfOwnPurpose(source.current)
      this.#forget(source, change.trustChanged)
    }))
  }

  /** Retires the pools of every origin of a source, or of all sources. */
  #forget (source: CredentialSource | undefined, isStale: boolean): void {
    for (const [key, { sessions }] of this.#realms) if (source === undefined || key === source) sessions.clear()
    for (const generation of [...this.#current.values(), ...this.#retiring.keys()]) {
      const { credentials, proxy } = generation.policy
      if (source === undefined || credentials === source || proxy?.credentials === source) {
        this.#retire(generation, isStale)
      }
    }
  }

  /**
   * Retires a pool: its connections finish their requests and close. If stale, they do not start requests that were
   * assigned to them.
   */
  #retire (generation: Generation, isStale: boolean): void {
    generation.isRetired = true
    generation.isStale ||= isStale
    const { origin } = generation.policy
    if (this.#current.get(origin) === generation) this.#current.delete(origin)
    if (this.#retiring.has(generation)) return
    const closed = generation.agent.close().catch(() => {}).then(() => { this.#retiring.delete(generation) })
    this.#retiring.set(generation, closed)
  }

  #create (policy: OriginPolicy): Generation {
    const { connectTimeout = 10_000 } = this.#options
    const proxySource = policy.proxy?.credentials
    const generation = new Generation({
      policy,
      means: this.#meansOf(policy.credentials),
      proxyMeans: proxySource === undefined ? undefined : this.#meansOf(proxySource),
      timeout: connectTimeout,
      agentOptions: this.#agentOptions,
      onStale: (stale) => { this.#retire(stale, true) }
    })
    for (const event of EVENTS) {
      generation.agent.on(event as 'connect', (...args: any[]) => { this.#tell(event, ...args) })
    }
    return generation
  }

  #meansOf (credentials: CredentialSource): Means {
    const { now = Date.now } = this.#options
    const { sessions, trust } = this.#realms.get(credentials) ?? this.#createRealm(credentials)
    return { credentials, sessions, trust, settings: this.#settings, now }
  }

  #createRealm (source: CredentialSource): Pick<Realm, 'sessions' | 'trust'> {
    const { revocation, algorithms, block, now = Date.now } = this.#options
    return { sessions: new SessionCache(), trust: new ServerTrust(source, { revocation, algorithms, block, now }) }
  }
}
