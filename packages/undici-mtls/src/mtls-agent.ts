import { Agent, Dispatcher, Pool, fetch } from 'undici'
import type { RevocationChecker } from '@peerkit/revocation'
import { checkAgentOptions, passedOptions } from './agent-options.ts'
import type { MtlsAgentOptions } from './agent-options.ts'
import type { ConnectorOptions } from './connector.ts'
import { adaptHandler } from './legacy-handler.ts'
import { OriginPolicies } from './origin-policy.ts'
import type { OriginPolicy } from './origin-policy.ts'
import { PeerClient } from './peer-client.ts'
import { SessionCache } from './session-cache.ts'

/** The connections of one time: made under one set of credentials, used for new requests until something of it ends. */
interface Generation { readonly agent: Agent, /** The first end of a certificate in use, ours or a server's, in milliseconds since the epoch. */ validUntil: number }

/**
 * An undici dispatcher that presents live credentials and checks who answered, on every connection. Rotation needs no word: new connections use the credentials in force, older
 * ones finish what they carry and close.
 */
export class MtlsAgent extends Dispatcher {
  readonly #options: MtlsAgentOptions
  readonly #policies: OriginPolicies
  readonly #sessions = new SessionCache()
  readonly #now: () => number
  readonly #ends: Array<() => void> = []
  readonly #retiring = new Set<Agent>()
  #followed: RevocationChecker | undefined
  #unfollow: (() => void) | undefined
  #generation: Generation
  #closed = false
  /** `fetch` of the undici that this agent belongs to, bound to it. */
  readonly fetch: typeof fetch

  /** @throws MTLS_ERR_OUTBOUND_OPTION, MTLS_ERR_RULE_INVALID */
  constructor (options: MtlsAgentOptions) {
    super()
    checkAgentOptions(options)
    this.#options = { ...options }
    this.#now = options.now ?? Date.now
    this.#policies = new OriginPolicies(options.allowedServers, options.origins, options.servers)
    this.#generation = this.#startGeneration()
    this.#ends.push(options.credentials.subscribe((change) => { if (change.type === 'rotated') this.#renew() }))
    if (options.revocation !== undefined) this.#ends.push(options.revocation.subscribe(() => { this.#renew() }))
    this.#followLists()
    this.fetch = (async (input: Parameters<typeof fetch>[0], init?: Parameters<typeof fetch>[1]) => await fetch(input, { ...init, dispatcher: this })) as typeof fetch
  }

  get closed (): boolean { return this.#closed }

  override dispatch (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const adapted = adaptHandler(handler)
    try {
      this.#policies.find(originOf(options))
      if (this.#now() >= this.#generation.validUntil) this.#renew()
      return this.#generation.agent.dispatch(options as Agent.DispatchOptions, adapted)
    } catch (error) {
      // As undici's own dispatchers do: a redirect or a retry has nobody to throw to.
      adapted.onResponseError?.(undefined as unknown as Dispatcher.DispatchController, error as Error)
      return false
    }
  }

  /** Refuses new requests and resolves when those in flight are done. */
  override close (callback?: () => void): any {
    const closed = this.#end(async (agent) => { await agent.close() })
    if (callback === undefined) return closed
    closed.then(callback, callback)
  }

  /** Ends requests in flight with an error. */
  override destroy (...args: any[]): any {
    const callback = args.find((arg) => typeof arg === 'function')
    const reason = args.find((arg) => arg instanceof Error) ?? null
    const destroyed = this.#end(async (agent) => { await agent.destroy(reason) })
    if (callback === undefined) return destroyed
    destroyed.then(callback, callback)
  }

  async #end (finish: (agent: Agent) => Promise<void>): Promise<void> {
    this.#closed = true
    for (const end of this.#ends.splice(0)) end()
    this.#unfollow?.()
    this.#sessions.clear()
    await Promise.all([this.#generation.agent, ...this.#retiring].map(finish))
  }

  #startGeneration (): Generation {
    const { credentials, revocation, allowH2 = false, socketPath, connectTimeout = 10_000 } = this.#options
    const connector: ConnectorOptions = {
      credentials,
      revocation,
      allowH2,
      socketPath,
      timeout: connectTimeout,
      now: this.#now,
      sessions: this.#sessions,
      onConnected: ({ server }) => {
        const ends = [server, ...(server.chain ?? [])].map(({ notAfter = -Infinity }) => notAfter)
        generation.validUntil = Math.min(generation.validUntil, ...ends)
      }
    }
    const makeClient = (policy: OriginPolicy) => (origin: URL, options: object): Dispatcher => new PeerClient(origin, options, policy, connector)
    const agent = new Agent({
      ...passedOptions(this.#options),
      allowH2,
      factory: (origin: string | URL, options: object) => new Pool(origin, { ...options, connect: () => {}, factory: makeClient(this.#policies.find(new URL(origin).origin)) as any })
    } as any)
    const generation: Generation = { agent, validUntil: credentials.current.notAfter > this.#now() ? credentials.current.notAfter : Infinity }
    return generation
  }

  /** Starts with fresh connections; those there are finish what they carry. */
  #renew (): void {
    if (this.#closed) return
    const { agent } = this.#generation
    this.#sessions.clear()
    this.#generation = this.#startGeneration()
    this.#followLists()
    this.#retiring.add(agent)
    agent.close().catch(() => {}).finally(() => { this.#retiring.delete(agent) })
  }

  #followLists (): void {
    const { revocation } = this.#options.credentials.current
    if (revocation === this.#followed) return
    this.#unfollow?.()
    this.#followed = revocation
    this.#unfollow = revocation?.subscribe(() => { this.#renew() })
  }
}

function originOf ({ origin }: Dispatcher.DispatchOptions): string {
  return origin === undefined || origin === null ? '' : new URL(origin).origin
}
