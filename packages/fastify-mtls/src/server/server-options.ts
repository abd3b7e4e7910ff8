import type { BlockOption, CredentialSource, TrustSource } from '@peerkit/credentials'
import {
  anything, checkOption, choice, credentialSource, defineOptions, describeSecret, duration, flag, func, methods,
  required, revocationChecker, text, wrongOption, wrongValue
} from '@peerkit/identity/internal'
import type { OptionProblem, OptionSet, OptionType, OptionTypes } from '@peerkit/identity/internal'
import type { OcspStapler, RevocationChecker } from '@peerkit/revocation'
import { createTrustEvaluator } from '@peerkit/trust'
import type { AlgorithmPolicy } from '@peerkit/trust'
import { createSecureContext } from 'node:tls'
import { ServerOptionError } from '../errors.ts'

/** Options of mutual TLS: those under `mtls` of `withMtls`, and of `mtlsServerOptions`. */
export interface MtlsServerOptions {
  /** Serve HTTP/2, and HTTP/1.1 too unless `allowHTTP1` is false. Default false. */
  readonly http2?: boolean
  /** With `http2`: serve HTTP/1.1 too. Default true. */
  readonly allowHTTP1?: boolean
  /**
   * `required` (default): a handshake without a certificate is refused. `optional`: it is accepted, and requests have
   * no identity. An invalid certificate is refused in both cases.
   */
  readonly clientCertificate?: 'required' | 'optional'
  /**
   * The app does not register `@peerkit/fastify-mtls`: any accepted certificate is enough, and no request has an
   * identity. Without the plugin and without this option the server does not listen. Default false.
   */
  readonly gateOnly?: boolean
  /** Checks revocation in addition to the CRLs of the credentials. All must accept the certificate. Default: none. */
  readonly revocation?: RevocationChecker
  /**
   * The signature algorithms and keys that are accepted in a client's chain. Default: those of a TLS handshake, see
   * @peerkit/trust.
   */
  readonly algorithms?: AlgorithmPolicy
  /**
   * Clients to refuse at once, before a CRL is issued: made by `blockFile` or `blockMemory` of @peerkit/credentials, or
   * a function that returns true, or a reason, to block a certificate of the client's path. Open connections are
   * checked again when a list changes.
   */
  readonly block?: BlockOption
  /** The lowest TLS version. Default `TLSv1.2`. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
  /** The highest TLS version. Default: Node's. */
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3'
  /** OpenSSL's cipher list. Default: Node's. */
  readonly ciphers?: string
  /**
   * A secret of at least 32 bytes. Processes and machines that share it resume each other's TLS sessions. A function is
   * called whenever keys are derived, so that the secret can change. Default: each app makes its own ticket keys.
   */
  readonly ticketSecret?: Uint8Array | (() => Uint8Array)
  /** Milliseconds before a ticket key is replaced. A change of the trust replaces it too. Default 3,600,000. */
  readonly ticketRotation?: number
  /**
   * Staples OCSP answers for the server's own certificate (RFC 6066 section 8). Updated after each rotation. Default:
   * none.
   */
  readonly ocspStapler?: Pick<OcspStapler, 'handle' | 'update'>
  /** Milliseconds for a TLS handshake. Default 10,000. */
  readonly handshakeTimeout?: number
  /** Milliseconds to wait for an answer about revocation. Without one the certificate is refused. Default 5,000. */
  readonly revocationTimeout?: number
  /**
   * Milliseconds for a request for an upgrade (a WebSocket) to be answered with 101. Then its socket is closed. Default
   * 10,000.
   */
  readonly upgradeTimeout?: number
  /**
   * Grace period in milliseconds for responses in flight after a client's certificate became invalid. WebSockets are
   * closed at once. Default 10,000.
   */
  readonly drainTimeout?: number
  /** Returns the time in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}

export const CLIENT_CERTIFICATE: OptionType = choice('required', 'optional')
const VERSION = choice('TLSv1.2', 'TLSv1.3')
const MTLS_TYPES: OptionTypes<Omit<MtlsServerOptions, 'http2'>> = {
  allowHTTP1: flag,
  clientCertificate: CLIENT_CERTIFICATE,
  gateOnly: flag,
  revocation: revocationChecker,
  algorithms: anything,
  block: anything,
  minVersion: VERSION,
  maxVersion: VERSION,
  ciphers: text('a string', true),
  ticketSecret: anything,
  ticketRotation: duration(),
  ocspStapler: methods(['handle', 'update']),
  handshakeTimeout: duration(),
  revocationTimeout: duration(),
  upgradeTimeout: duration(),
  drainTimeout: duration(),
  now: func()
}
export const serverOptions: OptionSet = defineOptions<MtlsServerOptions>(
  'mtlsServerOptions', ServerOptionError, { http2: flag, ...MTLS_TYPES }, { plain: true }
)
/** Those under `mtls`, where `http2` is not one: it is an option of Fastify. */
const underMtls = defineOptions<Omit<MtlsServerOptions, 'http2'>>(
  'mtls', ServerOptionError, MTLS_TYPES, { plain: true }
)
const MIN_SECRET_OCTETS = 32

/**
 * @param path where the options are within others, such as `mtls`
 * @throws ServerOptionError naming the option, what was found and what was expected
 */
export function checkMtlsServerOptions (options: MtlsServerOptions, path?: string): void {
  if (path === undefined) serverOptions.check(options)
  else underMtls.check(options, path)
  const prefix = path === undefined ? '' : `${path}.`
  if (options.gateOnly === true && options.clientCertificate === 'optional') {
    throw new ServerOptionError(
      'gateOnly is true and clientCertificate is "optional"; expected "required": nothing else would check any client'
    )
  }
  if (options.minVersion === 'TLSv1.3' && options.maxVersion === 'TLSv1.2') {
    throw new ServerOptionError('minVersion is "TLSv1.3", above maxVersion "TLSv1.2"; expected at most maxVersion')
  }
  checkAlgorithms(options.algorithms)
  checkCiphers(options.ciphers, prefix)
  if (options.ticketSecret !== undefined) readTicketSecret(options.ticketSecret, `${prefix}ticketSecret`)
}

/** OpenSSL would say only "no cipher match", when the server is made. @throws ServerOptionError */
function checkCiphers (ciphers: string | undefined, prefix: string): void {
  if (ciphers === undefined) return
  try {
    createSecureContext({ ciphers })
  } catch (error) {
    const { reason, message } = error as Error & { reason?: string }
    const why = `a cipher list that OpenSSL knows (it says: ${reason ?? message})`
    const makeError = ({ message }: OptionProblem): Error => new ServerOptionError(message, { cause: error })
    throw wrongValue(makeError, `${prefix}ciphers`, ciphers, why)
  }
}

function checkAlgorithms (algorithms: AlgorithmPolicy | undefined): void {
  if (algorithms === undefined) return
  try {
    createTrustEvaluator({ authorities: () => [], algorithms })
  } catch (error) {
    throw new ServerOptionError((error as Error).message, { cause: error })
  }
}

/** @throws ServerOptionError if it is too short or not a Buffer */
export function readTicketSecret (
  given: NonNullable<MtlsServerOptions['ticketSecret']>, path = 'ticketSecret'
): Uint8Array {
  const secret: unknown = typeof given === 'function' ? given() : given
  if (secret instanceof Uint8Array && secret.length >= MIN_SECRET_OCTETS) return secret
  const expected = `a Buffer of at least ${MIN_SECRET_OCTETS} bytes`
  throw wrongOption(ServerOptionError, path, describeSecret(secret), expected)
}

/** @throws ServerOptionError if `credentials` is not a credential source, or a closed one */
export function checkCredentials (credentials: unknown): void {
  checkOption(credentials, required(credentialSource), 'credentials', ServerOptionError)
  checkOpen(credentials as CredentialSource, 'the credentials')
}

/** A closed source would never rotate. @throws ServerOptionError */
export function checkOpen ({ closed }: TrustSource, what: string): void {
  if (closed === true) throw new ServerOptionError(`${what} are closed; expected an open source`)
}
