import type { AuthorityMaterial, CheckOptions, Clock, CredentialSource } from '@peerkit/credentials'
import { startPushedCredentials } from '@peerkit/credentials/internal'
import type { PushedCredentials, PushedMaterial } from '@peerkit/credentials/internal'
import { WorkloadApiError } from '../errors.ts'
import type { SpiffeInvalidError } from '../errors.ts'
import { readSvidResponse } from '../workload-api/messages.ts'
import { Watch } from '../workload-api/watch.ts'
import type { WatchOptions } from '../workload-api/watch.ts'
import { chooseSvid } from './choose-svid.ts'
import type { SvidChoice } from './choose-svid.ts'
import { readUpdate } from './read-update.ts'
import type { TrustDomainBundle } from './read-update.ts'

const METHOD = '/SpiffeWorkloadAPI/FetchX509SVID'

/** What a feed is made of. */
export interface FeedOptions {
  readonly watch: Omit<WatchOptions, 'method'> & { readonly clock: Clock }
  readonly choice: SvidChoice
  /** Whether peers of a federated trust domain are accepted. */
  readonly accepts: (trustDomain: string) => boolean
  readonly check: CheckOptions
}

/** Turns the messages of the Workload API into credentials. */
export class SvidFeed {
  readonly #options: FeedOptions
  #watch: Watch | undefined
  #source: PushedCredentials | undefined
  /** The last message that was not looked at yet. Each one replaces all before it. */
  #pending: Uint8Array | undefined
  #isBusy = false
  #isClosed = false
  /** Why there are no credentials yet. */
  #problem: Error | undefined
  #onFirst: ((source: PushedCredentials) => void) | undefined

  constructor (options: FeedOptions) { this.#options = options }

  /**
   * Opens the stream, and waits for the first usable X.509-SVID.
   *
   * @throws WorkloadApiError with the reason `timeout`
   */
  async start (waitFor: number): Promise<CredentialSource> {
    const { promise, resolve, reject } = Promise.withResolvers<PushedCredentials>()
    this.#onFirst = resolve
    const cancel = this.#options.watch.clock.schedule(() => {
      this.#close()
      const why = this.#problem === undefined ? 'the agent sent none' : this.#problem.message
      const detail = `no usable X.509-SVID within ${waitFor} ms; ${why}`
      const cause = this.#problem === undefined ? {} : { cause: this.#problem }
      reject(new WorkloadApiError('timeout', detail, cause))
    }, waitFor)
    this.#watch = new Watch({ ...this.#options.watch, method: METHOD }, {
      onMessage: (octets) => { this.#receive(octets) },
      onLost: (error) => { this.#lose(error) }
    })
    return await promise.finally(cancel)
  }

  #close (): void {
    this.#isClosed = true
    this.#watch?.close()
  }

  #lose (error: WorkloadApiError): void {
    this.#problem = error
    // An agent that stops ends the stream, and is not reachable then: that is one cause.
    const isAway = error.reason === 'ended' || error.reason === 'timeout' || error.reason === 'unreachable'
    this.#source?.fail(error, isAway ? 'away' : `${error.reason} ${error.message}`)
  }

  #receive (octets: Uint8Array): void {
    this.#pending = octets
    if (!this.#isBusy) this.#work().catch(() => {})
  }

  async #work (): Promise<void> {
    this.#isBusy = true
    for (let octets = this.#pending; octets !== undefined && !this.#isClosed; octets = this.#pending) {
      this.#pending = undefined
      await this.#use(octets)
    }
    this.#isBusy = false
  }

  async #use (octets: Uint8Array): Promise<void> {
    try {
      const given = this.#read(octets)
      if (this.#source === undefined) await this.#begin(given)
      // It tells its subscribers of a refusal.
      else await this.#source.push(given).catch(() => {})
    } catch (error) {
      this.#problem = error as Error
      this.#source?.fail(error as Error)
    }
  }

  async #begin (given: PushedMaterial): Promise<void> {
    const source = await startPushedCredentials(given, {
      ...this.#options.check, origin: 'the X.509-SVID', onClose: () => { this.#close() }
    })
    if (this.#isClosed) await source.close()
    this.#source = source
    this.#onFirst?.(source)
  }

  /** @throws SpiffeInvalidError */
  #read (octets: Uint8Array): PushedMaterial {
    const { choice, accepts } = this.#options
    const { svids, bundles, crls } = readUpdate(readSvidResponse(octets))
    const { cert, key, trustDomain: own } = chooseSvid(svids, choice)
    const accepted = [...bundles].filter(([name]) => name === own || accepts(name))
    const authorities = new Map(accepted.map(([name, bundle]) => [name, authorityOf(name, bundle)]))
    return { cert, key, own, authorities, crls }
  }
}

function authorityOf (name: string, bundle: TrustDomainBundle | SpiffeInvalidError): AuthorityMaterial | Error {
  if (bundle instanceof Error) return bundle
  // A CA of a bundle is trusted, self-signed or not, as other implementations do.
  return { ca: bundle.ca, names: { spiffe: `spiffe://${name}` }, spiffeOnly: true, partial: true }
}
