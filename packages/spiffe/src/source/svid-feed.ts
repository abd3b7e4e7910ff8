import type { WorkloadApiError } from '../errors.ts'
import { describeEndpoint } from '../workload-api/endpoint.ts'
import { readSvidResponse } from '../workload-api/messages.ts'
import { Watch } from '../workload-api/watch.ts'
import type { WatchOptions } from '../workload-api/watch.ts'
import type { OwnFeed, OwnListener, OwnUpdate } from './assembly.ts'
import { chooseSvid } from './choose-svid.ts'
import type { SvidChoice } from './choose-svid.ts'
import { readUpdate } from './read-update.ts'

const METHOD = '/SpiffeWorkloadAPI/FetchX509SVID'

/** Our X.509-SVID from the Workload API. */
export class SvidFeed implements OwnFeed {
  readonly kind = 'workload api'
  readonly origin: string
  readonly #options: Omit<WatchOptions, 'method'>
  readonly #choice: SvidChoice
  #watch: Watch | undefined
  #isClosed = false

  constructor (options: Omit<WatchOptions, 'method'>, choice: SvidChoice) {
    this.origin = describeEndpoint(options.endpoint)
    this.#options = options
    this.#choice = choice
  }

  open (listener: OwnListener): void {
    if (this.#isClosed) return
    this.#watch = new Watch({ ...this.#options, method: METHOD }, {
      onMessage: (octets) => { listener.onUpdate(() => this.#read(octets)) },
      onLost: (error) => { listener.onFailure(error, causeOf(error)) }
    })
  }

  close (): void {
    this.#isClosed = true
    this.#watch?.close()
  }

  /** @throws SpiffeInvalidError */
  #read (octets: Uint8Array): OwnUpdate {
    const { svids, bundles, crls } = readUpdate(readSvidResponse(octets))
    const { cert, key, trustDomain } = chooseSvid(svids, this.#choice)
    return { cert, key, trustDomain, bundles, crls }
  }
}

/** An agent that stops ends the stream, and is not reachable then: that is one cause. */
function causeOf ({ reason, message }: WorkloadApiError): string {
  const isAway = reason === 'ended' || reason === 'timeout' || reason === 'unreachable'
  return isAway ? 'away' : `${reason} ${message}`
}
