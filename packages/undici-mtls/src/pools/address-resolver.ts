import { clip, describeValue, messageOf, withTimeout } from '@peerkit/identity/internal'
import { LRUCache } from 'lru-cache'
import { OutboundUnreachableError } from '../errors.ts'
import { readOrigin } from './read-origin.ts'
import type { Resolve } from './resolve-option.ts'

/** Where to connect to. */
export interface ResolvedAddress { readonly hostname: string, readonly port: string }

/** An answer of a resolver. */
export interface Answer {
  /** At least one. Those that failed are moved to the end. */
  readonly addresses: ResolvedAddress[]
  /** Until when it is used, in milliseconds since the epoch. */
  readonly until: number
}

/** Origins whose addresses are remembered. */
const MAX_ORIGINS = 1000
/** Addresses of one answer that are used. */
const MAX_ADDRESSES = 16

export interface AddressResolverOptions {
  readonly resolve: Resolve
  /** How long an answer is used, in milliseconds. */
  readonly resolveTtl: number
  /** How long the resolver may take, in milliseconds. After it there must be time left to connect. */
  readonly timeout: number
  readonly now: () => number
}

/** Asks a resolver for addresses, and remembers them for a time. */
export class AddressResolver {
  readonly #options: AddressResolverOptions
  readonly #answers = new LRUCache<string, Answer>({ max: MAX_ORIGINS })
  /** Connections that are opened at the same time share a question. */
  readonly #pending = new Map<string, Promise<Answer>>()
  readonly #closed = new AbortController()

  constructor (options: AddressResolverOptions) { this.#options = options }

  /** The answer that is remembered, if it is not too old. */
  peek (origin: string): Answer | undefined {
    const known = this.#answers.get(origin)
    return known !== undefined && this.#options.now() < known.until ? known : undefined
  }

  /**
   * The addresses of an origin. If the resolver fails, the last ones are used again: who answers there is checked.
   *
   * @param failed an answer none of whose addresses worked
   * @throws OutboundUnreachableError if the resolver fails, takes too long or gives no address
   */
  async find (origin: string, failed?: Answer): Promise<Answer> {
    const known = this.peek(origin)
    if (known !== undefined && known !== failed) return known
    let pending = this.#pending.get(origin)
    if (pending === undefined) {
      pending = this.#renew(origin, failed).finally(() => { this.#pending.delete(origin) })
      this.#pending.set(origin, pending)
    }
    return await pending
  }

  /** Asks again before the next connection. */
  forget (origin: string, answer: Answer): void {
    if (this.#answers.get(origin) === answer) this.#answers.delete(origin)
  }

  /** Tries an address that failed after the others. */
  demote ({ addresses }: Answer, address: ResolvedAddress): void {
    const index = addresses.indexOf(address)
    if (index !== -1) addresses.push(...addresses.splice(index, 1))
  }

  /** Aborts what is asked at this moment. */
  close (): void { this.#closed.abort(new Error('the agent was destroyed')) }

  async #renew (origin: string, failed: Answer | undefined): Promise<Answer> {
    const { resolveTtl, now } = this.#options
    const last = this.#answers.get(origin)
    const addresses = await this.#ask(origin).catch((error: Error) => {
      if (last === undefined || last === failed || this.#closed.signal.aborted) throw error
      return last.addresses
    })
    const answer = { addresses, until: now() + resolveTtl }
    this.#answers.set(origin, answer)
    return answer
  }

  async #ask (origin: string): Promise<ResolvedAddress[]> {
    const { resolve, timeout } = this.#options
    const signal = AbortSignal.any([AbortSignal.timeout(timeout), this.#closed.signal])
    let given: unknown
    try {
      given = await withTimeout(Promise.resolve().then(async () => await resolve({ origin, signal })), { signal })
    } catch (error) {
      if (!signal.aborted) throw unresolved(origin, `the resolver failed: ${clip(messageOf(error))}`, true, error)
      const isClosed = this.#closed.signal.aborted
      const why = isClosed ? messageOf(this.#closed.signal.reason) : `no answer within ${timeout} ms`
      throw unresolved(origin, `the resolver failed: ${why}`, !isClosed, error, isClosed ? 'network' : 'timeout')
    }
    return readAddresses(given, origin)
  }
}

/** @throws OutboundUnreachableError */
function readAddresses (given: unknown, origin: string): ResolvedAddress[] {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given]
  if (list.length === 0) throw unresolved(origin, 'the resolver gave no address', true)
  // `map` skips the holes of a list.
  return Array.from(list.slice(0, MAX_ADDRESSES), (address) => {
    try {
      const { hostname, port } = new URL(readOrigin(address as string))
      return Object.freeze({ hostname, port })
    } catch (error) {
      const expected = 'expected an address such as https://10.0.0.7:8443, or a list of them'
      throw unresolved(origin, `the resolver gave ${describeValue(address)}; ${expected}`, false, error)
    }
  })
}

function unresolved (
  origin: string, detail: string, retryable: boolean, cause?: unknown, reason: 'network' | 'timeout' = 'network'
): Error {
  return new OutboundUnreachableError(origin, detail, { reason, retryable }, cause === undefined ? {} : { cause })
}
