import { parseSpiffeId } from '@peerkit/identity'
import {
  choice, defineOptions, duration, flag, func, list, methods, text, valueOf, wrongValue
} from '@peerkit/identity/internal'
import type { CheckOptions, Clock, CredentialSource } from '@peerkit/credentials'
import { SYSTEM_CLOCK, holdProcessOpen } from '@peerkit/credentials/internal'
import { BUNDLE_SOURCE } from './bundle/bundle-source.ts'
import type { BundleSource } from './bundle/bundle-source.ts'
import { SpiffeInvalidError, SpiffeOptionError, WorkloadApiError, detailOf } from './errors.ts'
import { Assembly } from './source/assembly.ts'
import { FileFeed } from './source/file-feed.ts'
import type { OwnFeed } from './source/own-feed.ts'
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
  /**
   * The path of our X.509-SVID, then its intermediates, PEM, where there is no agent. The files are read again when
   * they change. The bundle of our trust domain must come from one of `bundles`.
   */
  readonly cert?: string | undefined
  /** The path of its private key, PEM. Default: the file of `cert`. */
  readonly key?: string | undefined
  /** Milliseconds between polls of `cert` and `key`, for file systems that send no events. Default 10,000. */
  readonly pollInterval?: number | undefined
  /**
   * Sources of bundles: of other trust domains, in addition to what the agent gives, and without an agent that of our
   * own too. Each trust domain comes from one of them. What the agent gives for such a trust domain is not used.
   */
  readonly bundles?: readonly BundleSource[] | undefined
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
  cert: text('the path of a file'),
  key: text('the path of a file'),
  pollInterval: duration(),
  bundles: list('sources of bundles', BUNDLE_SOURCE),
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
 * Without an agent, the options `cert` and `key` name files with our X.509-SVID, and `bundles` gives the bundles.
 *
 * @param options where the Workload API is, and which X.509-SVID is ours; or the files
 * @returns the source, once there is an X.509-SVID that passed every check
 * @throws SpiffeOptionError if an option is unknown or wrong
 * @throws WorkloadApiError if there is none within `waitFor`; its cause is the last problem
 * @throws SpiffeInvalidError if a file is wrong, or the bundle of our trust domain is missing
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
  const { spiffeId, waitFor = 30_000, clock = SYSTEM_CLOCK, random = Math.random, bundles = [] } = options
  const { revocationPolicy = 'soft', sendCaNames, use } = options
  if (spiffeId !== undefined) checkSpiffeId(spiffeId)
  const accepts = readFederated(options.federated)
  const own = options.cert === undefined ? openAgent(options, clock, random) : openFiles(options, options.cert, clock)
  const assembly = new Assembly({
    own,
    bundles,
    accepts,
    // An X.509-SVID that its own bundle does not vouch for is one that no peer accepts.
    check: { revocationPolicy, sendCaNames, use, chain: 'required', clock },
    clock,
    random,
    onTimeout: (cause) => {
      if (own.kind === 'files') {
        const why = cause === undefined ? 'no source of bundles has answered' : detailOf(cause)
        return new SpiffeInvalidError('empty', `the X.509-SVID is not usable within ${waitFor} ms; ${why}`, { cause })
      }
      const why = cause === undefined ? 'the agent sent none' : detailOf(cause)
      const detail = `no usable X.509-SVID within ${waitFor} ms; ${why}`
      return new WorkloadApiError('timeout', detail, cause === undefined ? {} : { cause })
    }
  })
  return await holdProcessOpen(async () => await assembly.start(waitFor)) as CredentialSource
}

/** Our X.509-SVID from the Workload API. @throws SpiffeOptionError */
function openAgent (options: SpiffeCredentialsOptions, clock: Clock, random: () => number): OwnFeed {
  const { hint, spiffeId, retryFirst: first = 1_000, pingInterval = 30_000, pingTimeout = 10_000 } = options
  const { whenDenied = 'stop', denialGrace: grace = 300_000 } = options
  const { retryLongest: longest = Math.max(30_000, first) } = options
  if (longest < first) {
    throw wrongValue(SpiffeOptionError, 'retryLongest', longest, `at least retryFirst, ${first}`)
  }
  const lost = (['key', 'pollInterval'] as const).find((name) => options[name] !== undefined)
  if (lost !== undefined) throw new SpiffeOptionError(`${lost} is set without cert; expected it with files alone`)
  const endpoint = readEndpoint(options.socket)
  return new SvidFeed({
    watch: { endpoint, clock, random, retry: { first, longest }, pingInterval, pingTimeout },
    choice: { hint, spiffeId },
    denial: { whenDenied, grace }
  })
}

const OF_AGENT = [
  'socket', 'hint', 'spiffeId', 'federated', 'whenDenied', 'denialGrace', 'retryFirst', 'retryLongest', 'pingInterval',
  'pingTimeout'
] as const

/** Our X.509-SVID from files. @throws SpiffeOptionError */
function openFiles (options: SpiffeCredentialsOptions, cert: string, clock: Clock): OwnFeed {
  const { key = cert, pollInterval = 10_000, bundles = [] } = options
  const other = OF_AGENT.find((name) => options[name] !== undefined)
  if (other !== undefined) {
    throw new SpiffeOptionError(`${other} and cert are both set; expected either the Workload API or files`)
  }
  if (bundles.length === 0) {
    throw new SpiffeOptionError('bundles is missing; expected a source of the bundle of our trust domain')
  }
  return new FileFeed({ cert, key, pollInterval, clock })
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
