import type { CertificateFlaw, PeerIdentity } from '@peerkit/identity'
import type { CertificateEncoding } from '../formats/custom.ts'
import type { HeaderNames } from '../headers/header-format.ts'
import type { ForwardedFormat } from './format-catalogue.ts'
import type { GatewayAuthorizer, GatewayTrust } from './gateway-trust.ts'

/** Result of validating a chain. */
export type ChainVerdict =
  /**
   * `path`: the verified certificates above the leaf, nearest first, the trust anchor last.
   * `until`: when the result expires, in milliseconds since the epoch.
   * `peer`: the leaf's identity, if the validator has parsed it.
   */
  | {
    readonly valid: true
    readonly path: readonly (PeerIdentity | Uint8Array)[]
    readonly until: number
    readonly peer?: PeerIdentity
  }
  /**
   * `reason`: a `CertificateReason` of `@peerkit/events`. Any other word counts as `bad_chain`.
   * `step`: the check that failed, if its name says more than the reason.
   */
  | { readonly valid: false, readonly reason: string, readonly step?: string, readonly detail?: string | undefined }

/** Validates chains in process. `createPathValidator` of @peerkit/trust makes one. */
export interface ChainValidator {
  /** Changes whenever earlier results may be out of date. If undefined, results are valid until they expire. */
  readonly generation?: number
  /** Takes DER. A result, not an exception, says that the chain is not valid. */
  validate (leaf: Uint8Array, intermediates: readonly Uint8Array[]): ChainVerdict | Promise<ChainVerdict>
}

/** Options of `createForwardedReader`. */
export interface ForwardedReaderOptions {
  /** The gateway that writes the headers, which determines their names and encoding. */
  readonly format: ForwardedFormat
  /** The trusted gateways. Headers from any other sender are refused. */
  readonly gateways: GatewayTrust
  /** What to do with headers from other senders: `refuse` the request (default), or `strip` them and continue. */
  readonly onUntrusted?: 'refuse' | 'strip'
  /** Header names to use instead of the format's own, by role. Any case. */
  readonly headers?: HeaderNames
  /** Who verifies the chain: the gateway, or `validator` in process. Default: as the format defines. */
  readonly verification?: 'gateway' | 'in-process'
  /**
   * Validates chains in process. Required if the gateway does not verify them. If the gateway verifies them too, both
   * must accept the chain.
   */
  readonly validator?: ChainValidator
  /**
   * Identity of a request for which the gateway forwarded no headers: none (`anonymous`, default), or the gateway's own
   * (`gateway`). With `gateway`, a client without a certificate gets the rights of the gateway. Use it only if the
   * gateway rejects clients without a certificate.
   */
  readonly withoutCertificate?: 'anonymous' | 'gateway'
  /** Headers of other formats, in lower case, that are allowed in a request and not read. Default none. */
  readonly ignoredHeaders?: readonly string[]
  /** Only for `xfcc`: number of proxies, counted from this service, that each write one element. Default 1. */
  readonly trustedHops?: number
  /** Only for `xfcc` with more than one hop: rules for the outer proxies. Default `gateways.identity`. */
  readonly hopGateways?: GatewayAuthorizer
  /** Maximum length of a header value, in characters. Default 16,384. */
  readonly maxHeaderLength?: number
  /** Maximum number of certificates in a chain, without the leaf. Default 8. */
  readonly maxChainLength?: number
  /**
   * Flaws of a client's certificate that do not refuse it, for a caller that decides about them itself:
   * `peer.tolerated` has them. Default none.
   */
  readonly tolerate?: readonly CertificateFlaw[]
  /** Maximum number of cached certificates. Default 10,000; 0 turns the cache off. */
  readonly cacheSize?: number
  /** Maximum size of the cache, in bytes, approximately. Default 128 MiB: 10,000 certificates without chains. */
  readonly cacheBytes?: number
  /** Only for `custom`: encoding of the certificate. */
  readonly encoding?: CertificateEncoding
  /** Only for `custom`: encoding of the chain. Default: the same as `encoding`. */
  readonly chainEncoding?: CertificateEncoding
  /** Only for `custom`: whether the certificate's header also has the chain, after the certificate. Default false. */
  readonly carriesChain?: boolean
  /** Only for `custom` and `rfc9440` with `headers.verified`: the value that means "verified". */
  readonly verifiedValue?: string
  /** Only for `custom`: values that mean "no certificate". An empty value always does. */
  readonly noneValues?: readonly string[]
  /** Returns the current time in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}
