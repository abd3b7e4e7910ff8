import { parseSpiffeId } from '@peerkit/identity'
import {
  choice, defineOptions, duration, flag, func, methods, text, valueOf, wrongValue
} from '@peerkit/identity/internal'
import type { CheckOptions, Clock, CredentialSource } from '@peerkit/credentials'
import { SYSTEM_CLOCK, holdProcessOpen } from '@peerkit/credentials/internal'
import { SpiffeOptionError } from './errors.ts'
import { SvidFeed } from './source/svid-feed.ts'
import { readTrustDomain } from './source/trust-domain.ts'
import { readEndpoint } from './workload-api/endpoint.ts'

/** Options of `spiffeCredentials`. */
export interface SpiffeCredentialsOptions extends Pick<CheckOptions, 'revocationPolicy' | 'sendCaNames' | 'use'> {
  /**
   * Where the Workload API listens: `unix:/path/to/socket` or `tcp://127.0.0.1:8000`. Default: the variable
   * `SPIFFE_ENDPOINT_SOCKET`.
   */
  readonly socket?: string | undefined
  /** The hint of our X.509-SVID, if the agent gives several. Default: the first one (SPIFFE Workload API section 5). */
  readonly hint?: string | undefined
  /** The SPIFFE ID of our X.509-SVID, if the agent gives several. */
  readonly spiffeId?: string | undefined
  /** How long to wait for the first X.509-SVID, in milliseconds. Default 30,000. */
  readonly waitFor?: number | undefined
  /**
   * The federated trust domains whose peers are accepted, if the agent gives their bundles: `all` (default), `none`, or
   * names such as `partner.example`.
   */
  readonly federated?: 'all' | 'none' | readonly string[] | undefined
  /**
   * What to do when the agent takes our identity back, because the entry of this workload was deleted (gRPC status
   * PermissionDenied).
   *
   * - `stop` (default, SPIFFE Workload API section 5.2.1): the X.509-SVID is not presented any more. Servers refuse
   *   every handshake and close open connections, and clients call nobody, until the agent gives a new one.
   * - `keep`: the X.509-SVID stays in use until it expires.
   *
   * An agent that ended our stream with it has to deny the next call too.
   */
  readonly whenDenied?: 'stop' | 'keep' | undefined
  /**
   * How long an agent that was away may deny our identity before that counts, in milliseconds. An agent that starts
   * does so until it knows its workloads. Default 300,000.
   */
  readonly denialGrace?: number | undefined
  /** Milliseconds before the first retry. Doubles with each retry. Default 1,000. */
  readonly retryFirst?: number | undefined
  /** The longest time between two retries, in milliseconds. Default 30,000. */
  readonly retryLongest?: number | undefined
  /** How often the agent is asked whether it is still there, in milliseconds. Default 30,000. */
  readonly pingInterval?: number | undefined
  /** How long the agent may take to accept a connection and to answer a ping, in milliseconds. Default 10,000. */
  readonly pingTimeout?: number | undefined
  /** Default: the system clock. */
  readonly clock?: Clock | undefined
  /** Returns random numbers from 0 up to 1, for jitter. Default `Math.random`. */
  readonly random?: (() => number) | undefined
}

const OPTIONS = defineOptions<SpiffeCredentialsOptions>('spiffeCredentials', SpiffeOptionError, {
  // Its own check knows the variable.
  socket: valueOf('an address', () => true),
  hint: text('a hint'),
  spiffeId: text('a SPIFFE ID'),
  waitFor: duration(),
  federated: valueOf('"all", "none" or a list of trust domains', (value) => {
    return value === 'all' || value === 'none' || Array.isArray(value)
  }),
  revocationPolicy: valueOf('a policy', () => true),
  sendCaNames: flag,
  whenDenied: choice('stop', 'keep'),
  denialGrace: duration({ least: 0 }),
  use: choice('server', 'client', 'both', 'either'),
  retryFirst: duration(),
  retryLongest: duration(),
  pingInterval: duration(),
  pingTimeout: duration(),
  clock: methods(['now', 'schedule']),
  random: func()
})

/**
 * Gets our X.509-SVID, key, trust bundles and CRLs from the SPIFFE Workload API, and uses each new one as soon as the
 * agent pushes it.
 *
 * There is one authority for each trust domain, and its name is that of the trust domain. A bundle vouches for the IDs
 * of its own trust domain and for no other names. A trust domain that the agent no longer sends is removed.
 *
 * While the agent is away, the last good X.509-SVID stays in use. Subscribers get `refused` once for each cause, and
 * `recovered` when it is back. If the agent takes our identity back, they get `rotated` with a snapshot that is
 * `withdrawn`; see `whenDenied`. The source keeps no process alive.
 *
 * @param options where the Workload API is, and which X.509-SVID is ours
 * @returns the source, once the agent has sent an X.509-SVID that passed every check
 * @throws SpiffeOptionError if an option is unknown or wrong
 * @throws WorkloadApiError if there is none within `waitFor`; its cause is the last problem
 * @example
 * ```ts
 * try {
 *   const credentials = await spiffeCredentials({ socket: 'unix:/run/spire/agent.sock', waitFor: 500 })
 *   console.log(credentials.current.identity.spiffeId) // spiffe://prod.example/ledger
 *   await credentials.close()
 * } catch (error) {
 *   console.error((error as Error).message) // no usable X.509-SVID within 500 ms; …
 * }
 * ```
 */
export async function spiffeCredentials (options: SpiffeCredentialsOptions = {}): Promise<CredentialSource> {
  OPTIONS.check(options)
  const { hint, spiffeId, waitFor = 30_000, clock = SYSTEM_CLOCK, random = Math.random } = options
  const { retryFirst: first = 1_000, pingInterval = 30_000, pingTimeout = 10_000 } = options
  const { whenDenied = 'stop', denialGrace: grace = 300_000 } = options
  const { retryLongest: longest = Math.max(30_000, first), revocationPolicy = 'soft', sendCaNames, use } = options
  if (longest < first) {
    throw wrongValue(SpiffeOptionError, 'retryLongest', longest, `at least retryFirst, ${first}`)
  }
  if (spiffeId !== undefined) checkSpiffeId(spiffeId)
  const endpoint = readEndpoint(options.socket)
  const feed = new SvidFeed({
    watch: { endpoint, clock, random, retry: { first, longest }, pingInterval, pingTimeout },
    choice: { hint, spiffeId },
    accepts: readFederated(options.federated),
    denial: { whenDenied, grace },
    // An X.509-SVID that the bundle beside it does not vouch for is one that no peer accepts.
    check: { revocationPolicy, sendCaNames, use, chain: 'required', clock }
  })
  return await holdProcessOpen(async () => await feed.start(waitFor))
}

function checkSpiffeId (spiffeId: string): void {
  try {
    if (parseSpiffeId(spiffeId).path !== '') return
  } catch {
    // It is named below.
  }
  throw wrongValue(SpiffeOptionError, 'spiffeId', spiffeId, 'a SPIFFE ID such as spiffe://prod.example/ledger')
}

/** @throws SpiffeOptionError */
function readFederated (given: SpiffeCredentialsOptions['federated'] = 'all'): (trustDomain: string) => boolean {
  if (given === 'all') return () => true
  if (given === 'none') return () => false
  const names = new Set(given.map((name, index) => readName(name, `federated[${index}]`)))
  return (trustDomain) => names.has(trustDomain)
}

function readName (name: unknown, where: string): string {
  try {
    return readTrustDomain(name, where)
  } catch (error) {
    throw wrongValue(SpiffeOptionError, where, name, 'a trust domain such as partner.example')
  }
}
