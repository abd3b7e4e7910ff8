import { isCertificateReason } from '@peerkit/events'
import type { ForwardedReason } from '@peerkit/events'
import type { CertificateFlaw, PeerIdentity } from '@peerkit/identity'
import { REFUSED_FOR, whenAnswered, whenSettled } from '@peerkit/identity/internal'
import { HeaderCollector } from '../headers/header-collector.ts'
import type { Claim, HeaderFormat, HeaderRole, HeaderValues } from '../headers/header-format.ts'
import { CertificateMemory } from './certificate-memory.ts'
import { checkReaderOptions } from './check-reader-options.ts'
import { findOtherHeaders } from './format-catalogue.ts'
import { ForwardedClient } from './forwarded-client.ts'
import { createGatewayTrust, isAllowed } from './gateway-trust.ts'
import type { GatewayAuthorizer, Sender } from './gateway-trust.ts'
import type { ChainValidator, ChainVerdict, ForwardedReaderOptions } from './reader-options.ts'
import { resolveFormat } from './resolve-format.ts'

/** The parts of a request that the reader needs. They do not depend on a framework. */
export interface ForwardedRequest extends Sender {
  /** Alternating names and values, as in `http.IncomingMessage#rawHeaders`, which keeps repeated headers separate. */
  readonly rawHeaders: readonly string[]
}

/** Result of {@link ForwardedReader.read}. */
export type ForwardedResult =
  /** No such header, and the sender is not a gateway. Use the sender's own identity. */
  | { readonly state: 'absent' }
  /** A gateway forwarded no client certificate. The request has no identity, not even the gateway's. */
  | { readonly state: 'anonymous' }
  /**
   * `identity.chain`: the path that the validator found; undefined if the gateway verified the chain.
   * `sent`: DER of the other certificates that the client sent, according to the gateway. They are not verified.
   */
  | { readonly state: 'accepted', readonly identity: PeerIdentity, readonly sent: readonly Uint8Array[] }
  | {
    readonly state: 'refused'
    /** A word of docs/reasons.md. */
    readonly reason: ForwardedReason
    readonly header: string
    readonly detail?: string | undefined
  }
  /**
   * Headers from a sender that is not a gateway, with `onUntrusted: 'strip'`. Remove them with `stripHeaders` and
   * continue as with `absent`.
   */
  | { readonly state: 'stripped', readonly header: string }

type RefusedResult = Extract<ForwardedResult, { state: 'refused' }>

/** Reads forwarded client certificates; made by `createForwardedReader`. */
export interface ForwardedReader {
  /**
   * Names of all headers that the reader checks, in lower case; first that of the certificate. Only a trusted gateway
   * may send them.
   */
  readonly headerNames: readonly string[]
  /** Reads the headers of one request. Returns a promise only if the validator is asynchronous. Does not throw. */
  read (request: ForwardedRequest): ForwardedResult | Promise<ForwardedResult>
}

/**
 * Creates a reader of forwarded client certificates. The reader checks that the sender is a trusted gateway and that
 * the headers follow the gateway's format. If the gateway does not verify chains, the `validator` does. Only the
 * gateway has seen proof that the client has the private key.
 *
 * @param options `format` and `gateways` are required; see {@link ForwardedReaderOptions}
 * @returns a frozen reader with its own cache
 * @throws ForwardedOptionError if an option is wrong
 * @example
 * ```ts
 * const reader = createForwardedReader({ format: 'rfc9440', gateways: { addresses: ['10.0.0.0/8'] } })
 * const rawHeaders = ['Client-Cert', `:${Buffer.from(peer.raw!).toString('base64')}:`]
 * const result = await reader.read({ rawHeaders, sender: undefined, remoteAddress: '10.0.0.7' })
 * if (result.state === 'accepted') console.log(result.identity.commonName) // alice
 * ```
 */
export function createForwardedReader (options: ForwardedReaderOptions): ForwardedReader {
  checkReaderOptions(options)
  const reader = new Reader(options)
  return Object.freeze({
    headerNames: reader.headerNames,
    read: (request) => reader.read(request)
  } satisfies ForwardedReader)
}

/** The client that the headers identify, or why they are refused. */
type Answer = ForwardedClient | RefusedResult
type Claims = readonly [Claim, ...Claim[]]

const ABSENT: ForwardedResult = Object.freeze({ state: 'absent' })
const ANONYMOUS: ForwardedResult = Object.freeze({ state: 'anonymous' })
/** How often a chain is validated at most, if the trust anchors change meanwhile. */
const MAX_ATTEMPTS = 3
/** The share of the cache for refused clients. Their answers are small and valid for ten seconds. */
const REFUSED_SHARE = 1 / 8

/** The reader behind `createForwardedReader`. Its options are already checked. */
class Reader {
  /** In lower case. */
  readonly headerNames: readonly string[]
  readonly #format: HeaderFormat
  readonly #byGateway: boolean
  readonly #validator: ChainValidator | undefined
  readonly #isTrusted: (request: Sender) => boolean
  readonly #hopGateways: GatewayAuthorizer | undefined
  readonly #collector: HeaderCollector
  readonly #accepted: CertificateMemory<ForwardedClient>
  /** Apart, so that strangers cannot evict clients. */
  readonly #refused: CertificateMemory<RefusedResult>
  readonly #strips: boolean
  /** The result for a gateway's request without any of the headers. */
  readonly #without: ForwardedResult
  readonly #maxHeaderLength: number
  readonly #maxChainLength: number
  readonly #tolerate: readonly CertificateFlaw[]
  readonly #now: () => number

  constructor (options: ForwardedReaderOptions) {
    const {
      cacheSize = 10_000,
      cacheBytes = 128 * 1024 * 1024,
      maxHeaderLength = 16_384,
      maxChainLength = 8,
      tolerate = [],
      ignoredHeaders = [],
      now = Date.now
    } = options
    this.#isTrusted = createGatewayTrust(options.gateways)
    this.#format = resolveFormat(options)
    this.#byGateway = options.verification === undefined ? this.#format.verifies : options.verification === 'gateway'
    this.#validator = options.validator
    this.#hopGateways = options.hopGateways ?? options.gateways.identity
    this.#collector = new HeaderCollector(this.#format.headers, findOtherHeaders(this.#format, ignoredHeaders))
    this.headerNames = Object.freeze([...this.#collector.names])
    this.#accepted = new CertificateMemory(cacheSize, cacheBytes * (1 - REFUSED_SHARE))
    this.#refused = new CertificateMemory(cacheSize, cacheBytes * REFUSED_SHARE)
    this.#strips = options.onUntrusted === 'strip'
    this.#without = options.withoutCertificate === 'gateway' ? ABSENT : ANONYMOUS
    this.#maxHeaderLength = maxHeaderLength
    this.#maxChainLength = maxChainLength
    this.#tolerate = Object.freeze([...tolerate])
    this.#now = now
  }

  read (request: ForwardedRequest): ForwardedResult | Promise<ForwardedResult> {
    const { values, first, problem } = this.#collector.collect(request.rawHeaders, this.#maxHeaderLength)
    if (!this.#isTrusted(request)) {
      if (first === undefined) return ABSENT
      return this.#strips
        ? { state: 'stripped', header: first }
        : { state: 'refused', reason: 'untrusted_sender', header: first }
    }
    if (problem !== undefined) return { state: 'refused', ...problem }
    if (first === undefined) return this.#without
    const now = this.#now()
    const generation = this.#generation
    const known = this.#accepted.recall(values, now, generation) ?? this.#refused.recall(values, now, generation)
    return known === undefined ? this.#decode(values, request) : this.#conclude(known, request, now)
  }

  get #generation (): number { return this.#validator?.generation ?? 0 }

  #decode (values: HeaderValues, request: ForwardedRequest): ForwardedResult | Promise<ForwardedResult> {
    const reading = this.#format.read(values, this.#byGateway)
    if (reading.state === 'none') return ANONYMOUS
    if (reading.state === 'refused') return this.#refuse(reading.reason, reading.role, reading.detail)
    const { claims } = reading
    if (claims.some((claim) => 'leaf' in claim && claim.chain.length > this.#maxChainLength)) {
      return this.#refuse('chain_too_long', values.chain === undefined ? 'certificate' : 'chain')
    }
    const answer =
      this.#validator === undefined ? this.#admit(values, claims) : this.#validate(values, claims, this.#validator)
    return whenSettled(answer, (settled) => this.#conclude(settled, request, this.#now()))
  }

  /** Repeats the validation if the trust anchors changed while it ran. */
  #validate (values: HeaderValues, claims: Claims, validator: ChainValidator, attempt = 1): Answer | Promise<Answer> {
    const [client] = claims
    if ('known' in client) return this.#refuse('certificate_missing', 'certificate')
    const before = this.#generation
    const take = (verdict: ChainVerdict): Answer | Promise<Answer> => {
      if (this.#generation !== before) {
        return attempt < MAX_ATTEMPTS
          ? this.#validate(values, claims, validator, attempt + 1)
          : this.#refuse('revocation_unknown', 'certificate', 'the trust anchors changed during each validation')
      }
      return verdict.valid ? this.#admit(values, claims, verdict) : this.#rememberRefusal(values, verdict, before)
    }
    const fail = (): RefusedResult => this.#refuse('bad_chain', 'certificate', 'the validator failed')
    return whenAnswered<ChainVerdict, Answer>(() => validator.validate(client.leaf, client.chain), take, fail)
  }

  #rememberRefusal (
    values: HeaderValues,
    { reason, step = reason, detail }: Extract<ChainVerdict, { valid: false }>,
    generation: number
  ): RefusedResult {
    const known = isCertificateReason(reason) ? reason : 'bad_chain'
    const words = [...(step === known ? [] : [step]), ...(detail === undefined ? [] : [detail])].join(': ')
    const refusal = this.#refuse(known, 'certificate', words === '' ? undefined : words)
    this.#refused.remember(values, { answer: refusal, until: this.#now() + REFUSED_FOR, generation, weight: 500 })
    return refusal
  }

  #admit (values: HeaderValues, [client, ...hops]: Claims, verdict?: Extract<ChainVerdict, { valid: true }>): Answer {
    let admitted: ForwardedClient
    try {
      admitted = new ForwardedClient(client, hops, this.#tolerate, verdict)
    } catch {
      return this.#refuse('unreadable', 'certificate')
    }
    if (admitted.isCa) return this.#refuse('ca_as_leaf', 'certificate')
    const until = Math.min(admitted.until, verdict?.until ?? Infinity)
    this.#accepted.remember(values, { answer: admitted, until, generation: this.#generation, weight: admitted.weight })
    return admitted
  }

  /** Checks what depends on this request: the time, the outer gateways and the sender. */
  #conclude (answer: Answer, { sender }: ForwardedRequest, now: number): ForwardedResult {
    if (!(answer instanceof ForwardedClient)) return answer
    if (now < answer.notBefore) return this.#refuse('not_yet_valid', 'certificate')
    if (now >= answer.until) return this.#refuse('expired', 'certificate')
    const hopGateways = this.#hopGateways
    if (
      answer.hops.length > 0 &&
      !(hopGateways !== undefined && answer.hops.every((hop) => isAllowed(hopGateways, hop)))
    ) {
      return this.#refuse('untrusted_hop', 'certificate')
    }
    return { state: 'accepted', identity: answer.identify(sender), sent: answer.sent }
  }

  /** Reports the header of the role, or the certificate's header, which every format has. */
  #refuse (reason: ForwardedReason, role: HeaderRole, detail?: string): RefusedResult {
    const header = (this.#format.headers[role] ?? this.#format.headers.certificate) as string
    return detail === undefined ? { state: 'refused', reason, header } : { state: 'refused', reason, header, detail }
  }
}
