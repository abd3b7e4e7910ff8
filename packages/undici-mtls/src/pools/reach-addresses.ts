import { ConnectLimit } from '../connect/connection.ts'
import type { Connection } from '../connect/connection.ts'
import { withoutBrackets, withoutRootDot } from '../connect/host-name.ts'
import { OutboundCredentialsExpiredError, OutboundWrongServerError, ServerCertificateError } from '../errors.ts'
import type { AddressResolver, Answer, ResolvedAddress } from './address-resolver.ts'
import { reachOrigin } from './reach-origin.ts'
import type { ReachOptions } from './reach-origin.ts'

interface Options extends ReachOptions {
  readonly resolver: AddressResolver
  /** Milliseconds for all addresses together. */
  readonly timeout: number
  /** Makes the error of an address that takes too long. */
  readonly makeTimeout: (milliseconds: number) => Error
}

/**
 * Opens a connection to the first address of a resolver whose server is accepted. If none is, and the addresses were
 * remembered, it asks once more: the service may have moved. An address may have been given to another workload, so a
 * server that is not accepted is passed over as one that does not answer.
 */
export async function reachAddresses (options: Options): Promise<Connection> {
  const { policy: { origin }, deadline, resolver } = options
  const attempt = new Attempt(options)
  const remembered = resolver.peek(origin)
  let answer = await deadline.race(resolver.find(origin))
  let connection = await attempt.tryAll(answer)
  if (connection === undefined && answer === remembered) {
    answer = await deadline.race(resolver.find(origin, answer)).catch(() => { throw attempt.error })
    connection = await attempt.tryAll(answer)
  }
  if (connection !== undefined) return connection
  resolver.forget(origin, answer)
  throw attempt.error
}

class Attempt {
  readonly #options: Options
  readonly #tried = new Set<string>()
  error: unknown

  constructor (options: Options) { this.#options = options }

  /** @returns undefined if no address has an accepted server */
  async tryAll (answer: Answer): Promise<Connection | undefined> {
    const { resolver, timeout } = this.#options
    // One that does not answer must leave time for the others.
    const share = Math.max(1, Math.floor(timeout / answer.addresses.length))
    for (const address of [...answer.addresses]) {
      const text = `${address.hostname}:${address.port}`
      if (this.#tried.has(text)) continue
      this.#tried.add(text)
      try {
        return await this.#try(address, share)
      } catch (error) {
        if (this.#options.deadline.isOver || error instanceof OutboundCredentialsExpiredError) throw error
        // That another server answered says more than that none did.
        if (!isAboutServer(this.error)) this.error = error
        resolver.demote(answer, address)
      }
    }
    return undefined
  }

  async #try ({ hostname, port }: ResolvedAddress, share: number): Promise<Connection> {
    const { deadline, makeTimeout, address } = this.#options
    const limit = new ConnectLimit(share, () => makeTimeout(share), deadline)
    try {
      return await deadline.race(reachOrigin({
        ...this.#options, deadline: limit, address: { ...address, hostname, port }, hostname: this.#nameAt(hostname)
      }))
    } finally {
      limit.end()
    }
  }

  /**
   * The name for SNI. With rules that name the SPIFFE ID only, the host name is not checked, and the origin's may be
   * no name in DNS.
   */
  #nameAt (host: string): string {
    const { hostname, policy: { origin, rules } } = this.#options
    const isOfOrigin = hostname === withoutRootDot(withoutBrackets(new URL(origin).hostname))
    const isById = rules.byId !== undefined && rules.byName === undefined
    return isById && isOfOrigin ? withoutBrackets(host) : hostname
  }
}

function isAboutServer (error: unknown): boolean {
  return error instanceof OutboundWrongServerError || error instanceof ServerCertificateError
}
