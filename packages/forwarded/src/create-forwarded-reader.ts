import { checkReaderOptions } from './check-reader-options.ts'
import type { ChainVerdict } from './chain-validator.ts'
import { CertificateMemory } from './certificate-memory.ts'
import { findOtherHeaders } from './format-catalogue.ts'
import { ForwardedPerson } from './forwarded-person.ts'
import type { ForwardedReader, ForwardedRequest, ForwardedResult, RefusalReason, RefusedResult } from './forwarded-reader.ts'
import { createGatewayTrust, isAllowed } from './gateway-trust.ts'
import { HeaderCollector } from './header-collector.ts'
import type { Claim, HeaderRole, HeaderValues } from './header-format.ts'
import type { ForwardedReaderOptions } from './reader-options.ts'
import { resolveFormat } from './resolve-format.ts'

const ABSENT: ForwardedResult = Object.freeze({ state: 'absent' })
const ANONYMOUS: ForwardedResult = Object.freeze({ state: 'anonymous' })
/** How long a chain that is not valid is not validated again, in milliseconds: a client that insists costs a look-up. */
const REFUSED_FOR = 10_000

/**
 * Makes a reader of forwarded client certificates. It decides whether the sender is a gateway, whether the headers are what exactly this gateway writes, and, where the gateway does not verify chains,
 * whether the chain is valid. Possession of the key is proved to the gateway alone.
 *
 * @throws MTLS_ERR_FORWARDED_OPTION on a wrong option.
 */
export function createForwardedReader (options: ForwardedReaderOptions): ForwardedReader {
  checkReaderOptions(options)
  const isTrusted = createGatewayTrust(options.gateways)
  const { onUntrusted = 'refuse', withoutCertificate = 'anonymous', validator, beside = [], maxHeaderLength = 16_384, maxChainLength = 8, now = Date.now } = options
  const { maxRemembered = 10_000, maxRememberedBytes = 64 * 1024 * 1024, gateways, hopGateways = gateways.identity } = options
  const format = resolveFormat(options)
  const byGateway = options.verification === undefined ? format.verifies : options.verification === 'gateway'
  const collector = new HeaderCollector(format.headers, findOtherHeaders(options.format, Object.values(format.headers), beside))
  const memory = new CertificateMemory<ForwardedPerson | RefusedResult>(maxRemembered, maxRememberedBytes)
  const headerNames = Object.freeze([...collector.names])
  const generation = (): number => validator?.generation ?? 0

  function read (request: ForwardedRequest): ForwardedResult | Promise<ForwardedResult> {
    const { values, first, problem } = collector.collect(request.rawHeaders, maxHeaderLength)
    if (!isTrusted(request)) return first === undefined ? ABSENT : onUntrusted === 'strip' ? { state: 'stripped', header: first } : refuse('untrusted_sender', first)
    if (problem !== undefined) return refuse(problem.reason, problem.header)
    if (first === undefined) return withoutCertificate === 'gateway' ? ABSENT : ANONYMOUS
    const time = now()
    const known = memory.recall(values, time, generation())
    return known === undefined ? decode(values, request) : conclude(known, request, time)
  }

  function decode (values: HeaderValues, request: ForwardedRequest): ForwardedResult | Promise<ForwardedResult> {
    const reading = format.read(values, byGateway)
    if (reading.state === 'none') return ANONYMOUS
    if (reading.state === 'refused') return refuseRole(reading.reason, reading.role)
    const { claims } = reading
    if (claims.some((claim) => 'leaf' in claim && claim.chain.length > maxChainLength)) return refuseRole('chain_too_long', values.chain === undefined ? 'certificate' : 'chain')
    const answer = validator === undefined ? admit(values, claims) : validate(values, claims)
    return answer instanceof Promise ? answer.then((settled) => conclude(settled, request, now())) : conclude(answer, request, now())
  }

  /** The answer holds for the trust that was in force all the while. */
  function validate (values: HeaderValues, claims: readonly [Claim, ...Claim[]], turns = 3): ForwardedPerson | RefusedResult | Promise<ForwardedPerson | RefusedResult> {
    const [client] = claims
    if ('known' in client) return refuseRole('certificate_missing', 'certificate')
    const before = generation()
    const take = (verdict: ChainVerdict): ReturnType<typeof validate> => {
      if (generation() !== before) return turns > 1 ? validate(values, claims, turns - 1) : refuseRole('chain_invalid', 'certificate', 'the trust keeps moving')
      if (verdict.valid) return admit(values, claims, verdict)
      const refusal = refuseRole('chain_invalid', 'certificate', verdict.detail === undefined ? verdict.reason : `${verdict.reason}: ${verdict.detail}`)
      memory.remember(values, { answer: refusal, until: now() + REFUSED_FOR, generation: before, weight: 500 })
      return refusal
    }
    const fail = (): RefusedResult => refuseRole('chain_invalid', 'certificate', 'the validator failed')
    try {
      const verdict = validator!.validate(client.leaf, client.chain)
      return verdict instanceof Promise ? verdict.then(take).catch(fail) : take(verdict)
    } catch {
      return fail()
    }
  }

  function admit (values: HeaderValues, [client, ...hops]: readonly [Claim, ...Claim[]], verdict?: Extract<ChainVerdict, { valid: true }>): ForwardedPerson | RefusedResult {
    let person: ForwardedPerson
    try {
      person = new ForwardedPerson(client, hops, verdict?.path)
    } catch {
      return refuseRole('unreadable', 'certificate')
    }
    memory.remember(values, { answer: person, until: Math.min(person.notAfter, verdict?.until ?? Infinity), generation: generation(), weight: person.weight })
    return person
  }

  function conclude (answer: ForwardedPerson | RefusedResult, { sender }: ForwardedRequest, time: number): ForwardedResult {
    if (!(answer instanceof ForwardedPerson)) return answer
    if (time < answer.notBefore) return refuseRole('not_yet_valid', 'certificate')
    if (time >= answer.notAfter) return refuseRole('expired', 'certificate')
    if (answer.hops.length > 0 && !answer.hops.every((hop) => hopGateways !== undefined && isAllowed(hopGateways, hop))) return refuseRole('untrusted_hop', 'certificate')
    return { state: 'accepted', identity: answer.identify(sender) }
  }

  /** Named after the header that stands for the role, or after the certificate's, which there always is. */
  function refuseRole (reason: RefusalReason, role: HeaderRole, detail?: string): RefusedResult {
    return refuse(reason, (format.headers[role] ?? format.headers.certificate) as string, detail)
  }

  return Object.freeze({ headerNames, read })
}

function refuse (reason: RefusalReason, header: string, detail?: string): RefusedResult {
  return detail === undefined ? { state: 'refused', reason, header } : { state: 'refused', reason, header, detail }
}
