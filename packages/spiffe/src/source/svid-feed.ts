import type { WorkloadApiError } from '../errors.ts'
import { describeEndpoint } from '../workload-api/endpoint.ts'
import { FETCH_X509_SVID, readSvidResponse } from '../workload-api/messages.ts'
import { Watch } from '../workload-api/watch.ts'
import type { WatchOptions } from '../workload-api/watch.ts'
import { chooseSvid } from './choose-svid.ts'
import type { SvidChoice } from './choose-svid.ts'
import { Denials } from './denials.ts'
import type { DenialPolicy } from './denials.ts'
import { KnownBundles } from './known-bundles.ts'
import type { OwnFeed, OwnListener, OwnUpdate } from './own-feed.ts'
import { readUpdate } from './read-update.ts'

/** What a feed is made of. */
export interface SvidFeedOptions {
  readonly watch: Omit<WatchOptions, 'method'>
  readonly choice: SvidChoice
  readonly denial: Omit<DenialPolicy, 'clock'>
}

/** Our X.509-SVID from the Workload API. */
export class SvidFeed implements OwnFeed {
  readonly kind = 'workload api'
  readonly origin: string
  readonly #options: SvidFeedOptions
  readonly #bundles = new KnownBundles()
  readonly #denials: Denials
  #watch: Watch | undefined
  #isClosed = false

  constructor (options: SvidFeedOptions) {
    const { watch, denial } = options
    this.origin = describeEndpoint(watch.endpoint)
    this.#options = options
    this.#denials = new Denials({ ...denial, clock: watch.clock })
  }

  open (listener: OwnListener): void {
    if (this.#isClosed) return
    this.#watch = new Watch({ ...this.#options.watch, method: FETCH_X509_SVID }, {
      onMessage: (octets) => {
        this.#denials.clear()
        listener.onUpdate(async () => await this.#read(octets))
      },
      onLost: (error, _delay, hadMessages) => {
        listener.onFailure(error, causeOf(error))
        if (this.#denials.count(error, hadMessages)) listener.onWithdrawn()
      }
    })
  }

  close (): void {
    this.#isClosed = true
    this.#watch?.close()
  }

  /** @throws SpiffeInvalidError */
  async #read (octets: Uint8Array): Promise<OwnUpdate> {
    const response = readSvidResponse(octets)
    await this.#bundles.prepare(response)
    const { svids, bundles, crls } = readUpdate(response, (bundle, name) => this.#bundles.read(bundle, name))
    const { cert, key, trustDomain } = chooseSvid(svids, this.#options.choice)
    return { cert, key, trustDomain, bundles, crls }
  }
}

/** An agent that stops ends the stream, and is not reachable then: that is one cause. */
function causeOf ({ reason, message }: WorkloadApiError): string {
  const isAway = reason === 'ended' || reason === 'timeout' || reason === 'unreachable'
  return isAway ? 'away' : `${reason} ${message}`
}
