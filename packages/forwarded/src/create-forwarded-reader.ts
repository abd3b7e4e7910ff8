import { parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { decodeByteSequence, decodeByteSequenceList } from './client-cert-header.ts'
import { MTLS_ERR_FORWARDED_OPTION } from './errors.ts'
import type { ForwardedReader, ForwardedRequest, ForwardedResult, RefusalReason } from './forwarded-reader.ts'
import { createGatewayTrust } from './gateway-trust.ts'
import type { GatewayTrust } from './gateway-trust.ts'

export interface ForwardedReaderOptions {
  /** How the certificate is written. `rfc9440`: `Client-Cert` and `Client-Cert-Chain`. */
  readonly format: 'rfc9440'
  /** Whose headers are believed. From anyone else they are refused. */
  readonly gateways: GatewayTrust
  /** The longest header value, in characters. Default 16,384. */
  readonly maxHeaderLength?: number
  /** The most certificates of a chain, leaf not counted. Default 8. */
  readonly maxChainLength?: number
}

const CERT = 'client-cert'
const CHAIN = 'client-cert-chain'
const OPTIONS = ['format', 'gateways', 'maxHeaderLength', 'maxChainLength']

/**
 * Makes a reader of forwarded client certificates (RFC 9440). The gateway vouches for the chain and for the possession of the key;
 * the reader decides whether the sender is a gateway and whether the header is exactly one well-formed certificate.
 *
 * @throws MTLS_ERR_FORWARDED_OPTION on a wrong option.
 */
export function createForwardedReader (options: ForwardedReaderOptions): ForwardedReader {
  checkOptions(options)
  const { gateways, maxHeaderLength = 16_384, maxChainLength = 8 } = options
  const isTrusted = createGatewayTrust(gateways)
  const headerNames = Object.freeze([CERT, CHAIN])

  function read (request: ForwardedRequest): ForwardedResult {
    const certs = valuesOf(request.rawHeaders, CERT)
    const chains = valuesOf(request.rawHeaders, CHAIN)
    if (certs.length === 0 && chains.length === 0) return { state: 'absent' }
    const header = certs.length > 0 ? CERT : CHAIN
    if (!isTrusted(request)) return refuse('untrusted_sender', header)
    if (certs.length > 1) return refuse('duplicate_header', CERT)
    if (chains.length > 1) return refuse('duplicate_header', CHAIN)
    const [cert] = certs
    const [chain] = chains
    // RFC 9440 section 2.3: a chain comes only together with the certificate.
    if (cert === undefined) return refuse('malformed', CHAIN)
    if (cert.length > maxHeaderLength) return refuse('too_large', CERT)
    if (chain !== undefined && chain.length > maxHeaderLength) return refuse('too_large', CHAIN)
    return decode(cert, chain, request.sender)
  }

  function decode (cert: string, chainText: string | undefined, sender: PeerIdentity | undefined): ForwardedResult {
    const leaf = decodeByteSequence(cert)
    if (leaf === undefined) return refuse('malformed', CERT)
    const chain = chainText === undefined ? [] : decodeByteSequenceList(chainText)
    if (chain === undefined) return refuse('malformed', CHAIN)
    if (chain.length > maxChainLength) return refuse('chain_too_long', CHAIN)
    let header = CHAIN
    try {
      const issuers = chain.map((der) => parsePeerIdentity(der, { source: 'forwarded' }))
      header = CERT
      return { state: 'accepted', identity: parsePeerIdentity(leaf, { source: 'forwarded', chain: issuers, via: sender === undefined ? [] : [sender] }) }
    } catch {
      return refuse('unreadable', header)
    }
  }

  return Object.freeze({ headerNames, read })
}

function refuse (reason: RefusalReason, header: string): ForwardedResult {
  return { state: 'refused', reason, header }
}

/** Every value of a header; an underscore counts as a dash, since gateways and CGI fold the two (CVE-2026-39858). */
function valuesOf (rawHeaders: readonly string[], name: string): string[] {
  const values: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase().replaceAll('_', '-') === name) values.push(rawHeaders[index + 1] ?? '')
  }
  return values
}

function checkOptions (options: ForwardedReaderOptions): void {
  for (const key of Object.keys(options)) {
    if (!OPTIONS.includes(key)) throw new MTLS_ERR_FORWARDED_OPTION(`"${key}" is unknown; expected one of ${OPTIONS.join(', ')}`)
  }
  if (options.format !== 'rfc9440') throw new MTLS_ERR_FORWARDED_OPTION(`format is ${JSON.stringify(options.format)}; expected "rfc9440"`)
  for (const key of ['maxHeaderLength', 'maxChainLength'] as const) {
    const value = options[key]
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0)) {
      throw new MTLS_ERR_FORWARDED_OPTION(`${key} is ${String(value)}; expected a whole number`)
    }
  }
}
