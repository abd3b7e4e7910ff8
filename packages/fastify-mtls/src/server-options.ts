import type { BlockOption, CredentialSnapshot } from '@peerkit/credentials'
import { secureContextOptions } from '@peerkit/credentials'
import type { OcspStapler, RevocationChecker } from '@peerkit/revocation'
import { createTrustEvaluator } from '@peerkit/trust'
import type { AlgorithmPolicy } from '@peerkit/trust'
import type { SecureContextOptions } from 'node:tls'
import { MTLS_ERR_SERVER_OPTION } from './errors.ts'
import { checkChoice, checkDuration, checkKeys, checkMethods } from './option-check.ts'

export interface MtlsServerOptions {
  /** Serve HTTP/2, and HTTP/1.1 beside it unless `allowHTTP1` is false. Default false. */
  readonly http2?: boolean
  /** With `http2`: serve HTTP/1.1 too. Default true. */
  readonly allowHTTP1?: boolean
  /** `required` (default): a handshake without a certificate is refused. `optional`: it passes without an identity; a bad certificate never passes. */
  readonly clientCertificate?: 'required' | 'optional'
  /** Asked beside the credentials' own CRLs; both must permit. */
  readonly revocation?: RevocationChecker
  /** Which signatures and keys count in a client's chain. Default: what a TLS handshake accepts, see @peerkit/trust. */
  readonly algorithms?: AlgorithmPolicy
  /**
   * Clients that are kept out at once, before any CRL is issued: what `blockFile` or `blockMemory` of @peerkit/credentials make, or a function that answers true, or
   * a reason, for a certificate of the client's path. Open connections are looked at again when a list changes.
   */
  readonly block?: BlockOption
  /** Default `TLSv1.2`. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3'
  /** OpenSSL's cipher list. Default: Node's. */
  readonly ciphers?: string
  /**
   * At least 32 octets, shared by workers and machines whose clients resume sessions with any of them; a function is asked whenever keys are derived, so that the secret can
   * change. Default: each app makes its own ticket keys.
   */
  readonly ticketSecret?: Uint8Array | (() => Uint8Array)
  /** How long a ticket key is used, in milliseconds. Keys also change whenever the trust does. Default 3,600,000. */
  readonly ticketRotation?: number
  /** Staples answers about our own certificate (RFC 6066 section 8); told of each rotation. */
  readonly ocspStapler?: Pick<OcspStapler, 'handle' | 'update'>
  /** How long a handshake may take, in milliseconds. Default 10,000. */
  readonly handshakeTimeout?: number
  /** How long an answer about revocation may take, in milliseconds. Default 5,000. */
  readonly revocationTimeout?: number
  /** How long a connection whose certificate is no longer accepted may finish answers that are on their way, in milliseconds; WebSockets get none of it. Default 10,000. */
  readonly drainTimeout?: number
  /** The clock, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}

export const MTLS_SERVER_OPTIONS: readonly string[] = [
  'http2', 'allowHTTP1', 'clientCertificate', 'revocation', 'algorithms', 'block', 'minVersion', 'maxVersion', 'ciphers', 'ticketSecret', 'ticketRotation', 'ocspStapler', 'handshakeTimeout',
  'revocationTimeout', 'drainTimeout', 'now'
]
const VERSIONS = ['TLSv1.2', 'TLSv1.3']
const MIN_SECRET_OCTETS = 32

/** @throws MTLS_ERR_SERVER_OPTION naming the setting, what was found and what was expected */
export function checkMtlsServerOptions (options: MtlsServerOptions): void {
  checkKeys(options, MTLS_SERVER_OPTIONS, 'mtlsServerOptions')
  for (const key of ['http2', 'allowHTTP1'] as const) checkChoice(options[key], [true, false], key)
  checkChoice(options.clientCertificate, ['required', 'optional'], 'clientCertificate')
  checkChoice(options.minVersion, VERSIONS, 'minVersion')
  checkChoice(options.maxVersion, VERSIONS, 'maxVersion')
  if (options.minVersion === 'TLSv1.3' && options.maxVersion === 'TLSv1.2') throw new MTLS_ERR_SERVER_OPTION('minVersion is above maxVersion')
  if (options.ciphers !== undefined && typeof options.ciphers !== 'string') throw new MTLS_ERR_SERVER_OPTION(`ciphers is ${typeof options.ciphers}; expected a string`)
  for (const key of ['ticketRotation', 'handshakeTimeout', 'revocationTimeout', 'drainTimeout'] as const) checkDuration(options[key], key)
  checkAlgorithms(options.algorithms)
  checkMethods(options.revocation, ['check', 'permits', 'subscribe'], 'revocation')
  checkMethods(options.ocspStapler, ['handle', 'update'], 'ocspStapler')
  if (options.now !== undefined && typeof options.now !== 'function') throw new MTLS_ERR_SERVER_OPTION(`now is ${typeof options.now}; expected a function`)
  if (options.ticketSecret !== undefined) readTicketSecret(options.ticketSecret)
}

function checkAlgorithms (algorithms: AlgorithmPolicy | undefined): void {
  if (algorithms === undefined) return
  try {
    createTrustEvaluator({ authorities: () => [], algorithms })
  } catch (error) {
    throw Object.assign(new MTLS_ERR_SERVER_OPTION((error as Error).message), { cause: error })
  }
}

/** @throws MTLS_ERR_SERVER_OPTION where it is too short */
export function readTicketSecret (given: NonNullable<MtlsServerOptions['ticketSecret']>): Uint8Array {
  const secret: unknown = typeof given === 'function' ? given() : given
  if (secret instanceof Uint8Array && secret.length >= MIN_SECRET_OCTETS) return secret
  throw new MTLS_ERR_SERVER_OPTION(`ticketSecret is ${secret instanceof Uint8Array ? `${secret.length} octets` : typeof secret}; expected a Buffer of at least ${MIN_SECRET_OCTETS} octets`)
}

/** Everything that a secure context is made of, every time: what is left out of `setSecureContext` falls back to a default, the lowest version and the public roots included. */
export function describeSecureContext (snapshot: CredentialSnapshot, { minVersion = 'TLSv1.2', maxVersion, ciphers }: MtlsServerOptions): SecureContextOptions {
  return {
    ...secureContextOptions(snapshot, 'clients'),
    minVersion,
    ...(maxVersion !== undefined && { maxVersion }),
    ...(ciphers !== undefined && { ciphers })
  }
}
