import type { PeerIdentity } from '@peerkit/identity'
import { defineOptions, duration, valueOf, withTimeout } from '@peerkit/identity/internal'
import { SYSTEM_CLOCK, holdProcessOpen } from '@peerkit/credentials/internal'
import { SpiffeOptionError, WorkloadApiError } from './errors.ts'
import { parseCertificate, splitCertificates } from './source/read-certificates.ts'
import { readBundle } from './source/read-update.ts'
import { isTrustDomain, readTrustDomain } from './source/trust-domain.ts'
import { describeEndpoint, readEndpoint } from './workload-api/endpoint.ts'
import { FETCH_X509_SVID, readSvidResponse } from './workload-api/messages.ts'
import type { SentSvid } from './workload-api/messages.ts'
import { openServerStream } from './workload-api/server-stream.ts'

/** Options of `inspectWorkloadApi`. */
export interface InspectOptions {
  /** Where the Workload API listens. Default: the variable `SPIFFE_ENDPOINT_SOCKET`. */
  readonly socket?: string | undefined
  /** How long to wait for the answer, in milliseconds. Default 10,000. */
  readonly timeout?: number | undefined
}

/** An X.509-SVID, without its key. */
export interface InspectedSvid {
  /** As the agent calls it. */
  readonly spiffeId: string
  readonly hint: string
  /** The leaf, then its intermediates, as far as they can be read. */
  readonly chain: readonly PeerIdentity[]
  /** Why it cannot be read. */
  readonly problem: string | undefined
}

/** The bundle of a trust domain. */
export interface InspectedBundle {
  readonly trustDomain: string
  /** Whether it is that of one of the X.509-SVIDs, and not federated. */
  readonly isOwn: boolean
  readonly anchors: readonly PeerIdentity[]
  /** Why it cannot be used. */
  readonly problem: string | undefined
}

/** What the Workload API gives. */
export interface WorkloadApiView {
  /** Where it listens. */
  readonly endpoint: string
  /** In the order of the agent: the first one is the default. */
  readonly svids: readonly InspectedSvid[]
  readonly bundles: readonly InspectedBundle[]
  /** In DER. */
  readonly crls: readonly Uint8Array[]
}

const OPTIONS = defineOptions<InspectOptions>('inspectWorkloadApi', SpiffeOptionError, {
  // Its own check knows the variable.
  socket: valueOf('an address', () => true),
  timeout: duration()
})

/**
 * Asks the Workload API once, and returns everything that it gives this process but the keys. For tools: nothing is
 * checked but that it can be read. `spiffeCredentials` makes the checks.
 *
 * @param options where the Workload API is
 * @throws SpiffeOptionError if an option is unknown or wrong
 * @throws WorkloadApiError if there is no answer, or none that is a message of the Workload API
 * @example
 * ```ts
 * try {
 *   const { svids, bundles } = await inspectWorkloadApi({ socket: 'unix:/run/spire/agent.sock', timeout: 500 })
 *   console.log(svids.map(({ spiffeId }) => spiffeId), bundles.map(({ trustDomain }) => trustDomain))
 * } catch (error) {
 *   console.error((error as Error).message) // SPIFFE Workload API: …
 * }
 * ```
 */
export async function inspectWorkloadApi (options: InspectOptions = {}): Promise<WorkloadApiView> {
  OPTIONS.check(options)
  const { timeout = 10_000 } = options
  const endpoint = readEndpoint(options.socket)
  const octets = await holdProcessOpen(async () => await fetchOnce(endpoint, timeout))
  const { svids, crls, federatedBundles } = read(octets)
  const own = svids.map(({ spiffeId, bundle }): [string, Uint8Array] => [trustDomainOf(spiffeId), bundle])
  return {
    endpoint: describeEndpoint(endpoint),
    svids: svids.map(inspectSvid),
    bundles: [
      ...[...new Map(own)].map(([name, bundle]) => inspectBundle(name, bundle, true)),
      ...[...federatedBundles].map(([id, bundle]) => inspectBundle(trustDomainOf(id), bundle, false))
    ],
    crls
  }
}

/** @throws WorkloadApiError */
async function fetchOnce (endpoint: ReturnType<typeof readEndpoint>, timeout: number): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
  const options = {
    endpoint, method: FETCH_X509_SVID, clock: SYSTEM_CLOCK, pingInterval: timeout, pingTimeout: timeout
  }
  const stream = openServerStream(options, { onMessage: resolve, onEnd: reject })
  const onTimeout = (): never => { throw new WorkloadApiError('timeout', `no answer within ${timeout} ms`) }
  try {
    return await withTimeout(promise, { timeout, onTimeout })
  } finally {
    stream.close()
  }
}

/** @throws WorkloadApiError */
function read (octets: Uint8Array): ReturnType<typeof readSvidResponse> {
  try {
    return readSvidResponse(octets)
  } catch (error) {
    throw new WorkloadApiError('protocol', (error as Error).message, { cause: error })
  }
}

function inspectSvid ({ spiffeId, certificates, hint }: SentSvid): InspectedSvid {
  const chain: PeerIdentity[] = []
  let problem: string | undefined
  try {
    for (const der of splitCertificates(certificates, 'the chain')) chain.push(parseCertificate(der, 'the chain'))
    if (chain.length === 0) problem = 'it has no certificate'
  } catch (error) {
    problem = (error as Error).message
  }
  return { spiffeId, hint, chain, problem }
}

function inspectBundle (trustDomain: string, octets: Uint8Array, isOwn: boolean): InspectedBundle {
  try {
    if (!isTrustDomain(trustDomain)) readTrustDomain(trustDomain, 'the key of the bundle')
    const { anchors } = readBundle(octets, trustDomain)
    // Without a CA it trusts nobody.
    const problem = anchors.length === 0 ? 'it has no CA' : undefined
    return { trustDomain, isOwn, anchors, problem }
  } catch (error) {
    return { trustDomain, isOwn, anchors: [], problem: (error as Error).message }
  }
}

/** The trust domain of a SPIFFE ID; the text itself if it has none. */
function trustDomainOf (id: string): string {
  const [scheme, empty, trustDomain] = id.split('/', 3)
  return scheme === 'spiffe:' && empty === '' && trustDomain !== undefined ? trustDomain : id
}
