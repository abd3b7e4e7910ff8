import type { ChainValidator } from './chain-validator.ts'
import type { ForwardedFormat } from './format-catalogue.ts'
import type { CertificateEncoding } from './formats/custom.ts'
import type { GatewayAuthorizer, GatewayTrust } from './gateway-trust.ts'
import type { HeaderNames } from './header-format.ts'

/** Options of `createForwardedReader`. */
export interface ForwardedReaderOptions {
  /** Which gateway writes the headers, and so how. */
  readonly format: ForwardedFormat
  /** Whose headers are believed. */
  readonly gateways: GatewayTrust
  /** What happens to headers of anyone else: the request is refused (default), or goes on without them. */
  readonly onUntrusted?: 'refuse' | 'strip'
  /** Names of the headers, where the gateway's operator chooses them, in place of the format's own. */
  readonly headers?: HeaderNames
  /** Who verifies the chain: the gateway, or `validator`. Default: what the format says. */
  readonly verification?: 'gateway' | 'in-process'
  /** Validates chains. Required where the gateway does not; given for a gateway that does, both must agree. */
  readonly validator?: ChainValidator
  /**
   * What a gateway's request without a certificate is: nobody's (default), or the gateway's own. With `gateway` every client without a certificate has the rights of the gateway, unless
   * the gateway lets none in.
   */
  readonly withoutCertificate?: 'anonymous' | 'gateway'
  /** Headers of other formats that may stand beside the configured ones, and are not read. Default none. */
  readonly ignoredHeaders?: readonly string[]
  /** Of `xfcc`: how many proxies, counted from here, write an element each. Default 1. */
  readonly trustedHops?: number
  /** Of `xfcc` with more than one hop: who the proxies further out must be. Default `gateways.identity`. */
  readonly hopGateways?: GatewayAuthorizer
  /** The longest header value, in characters. Default 16,384. */
  readonly maxHeaderLength?: number
  /** The most certificates of a chain, leaf not counted. Default 8. */
  readonly maxChainLength?: number
  /** The most certificates remembered. Default 10,000; 0 remembers none. */
  readonly cacheSize?: number
  /** About how many bytes they may take. Default 128 MiB, which is 10,000 certificates without their chains. */
  readonly cacheBytes?: number
  /** Of `custom`: how the certificate is written. */
  readonly encoding?: CertificateEncoding
  /** Of `custom`: how the chain is written. Default as the certificate. */
  readonly chainEncoding?: CertificateEncoding
  /** Of `custom`: whether the certificate's header goes on with its chain. Default false. */
  readonly carriesChain?: boolean
  /** Of `custom` with `headers.verified`: the value that says verified. */
  readonly verifiedValue?: string
  /** Of `custom`: values that say there is no certificate. An empty value always does. */
  readonly noneValues?: readonly string[]
  /** The time in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}
