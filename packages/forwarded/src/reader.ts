import { isCertificateReason } from '@peerkit/events'
import type { ForwardedReason } from '@peerkit/events'
import type { CertificateFlaw } from '@peerkit/identity'
import { REFUSED_FOR, whenAnswered, whenSettled } from '@peerkit/identity/internal'
import type { ChainValidator, ChainVerdict } from './chain-validator.ts'
import { CertificateMemory } from './certificate-memory.ts'
import { findOtherHeaders } from './format-catalogue.ts'
import { ForwardedClient } from './forwarded-client.ts'
import type { ForwardedRequest, ForwardedResult, RefusedResult } from './forwarded-reader.ts'
import { createGatewayTrust, isAllowed } from './gateway-trust.ts'
import type { GatewayAuthorizer, Sender } from './gateway-trust.ts'
import { HeaderCollector } from './header-collector.ts'
import type { Claim, HeaderFormat, HeaderRole, HeaderValues } from './header-format.ts'
import type { ForwardedReaderOptions } from './reader-options.ts'
import { resolveFormat } from './resolve-format.ts'

/** The client that the headers identify, or why they are refused. */
type Answer = ForwardedClient | RefusedResult
type Claims = readonly [Claim, ...Claim[]]

const ABSENT: ForwardedResult = Object.freeze({ state: 'absent' })
const ANONYMOUS: ForwardedResult = Object.freeze({ state: 'anonymous' })
/** How often a chain is validated at most, if the trust anchors change meanwhile. */
const MAX_ATTEMPTS = 3

/** The reader behind `createForwardedReader`. Its options are already checked. */
export class Reader {
  /** In lower case. */
  readonly headerNames: readonly string[]
  readonly #format: HeaderFormat
  readonly #byGateway: boolean
  readonly #validator: ChainValidator | undefined
  readonly #isTrusted: (request: Sender) => boolean
  readonly #hopGateways: GatewayAuthorizer | undefined
  readonly #collector: HeaderCollector
  readonly #memory: CertificateMemory<Answer>
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
    this.#collector = new HeaderCollector(
      this.#format.headers,
      findOtherHeaders(options.format, Object.values(this.#format.headers), ignoredHeaders)
    )
    this.headerNames = Object.freeze([...this.#collector.names])
    this.#memory = new CertificateMemory(cacheSize, cacheBytes)
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
    const known = this.#memory.recall(values, now, this.#generation)
    return known === undefined ? this.#decode(values, request) : this.#conclude(known, request, now)
  }

  get #generation (): number { return this.#validator?.generation ?? 0 }

  #decode (values: HeaderValues, request: ForwardedRequest): ForwardedResult | Promise<ForwardedResult> {
    const reading = this.#format.read(values, this.#byGateway)
    if (reading.state === 'none') return ANONYMOUS
    if (reading.state === 'refused') return this.#refuse(reading.reason, reading.role)
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
    this.#memory.remember(values, { answer: refusal, until: this.#now() + REFUSED_FOR, generation, weight: 500 })
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
    this.#memory.remember(values, { answer: admitted, until, generation: this.#generation, weight: admitted.weight })
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
