import createError from '@fastify/error'
import type { FastifyErrorConstructor } from '@fastify/error'

/** An option is missing, unknown or of the wrong kind. */
export const MTLS_ERR_CREDENTIALS_OPTION: FastifyErrorConstructor<{ code: 'MTLS_ERR_CREDENTIALS_OPTION' }, [string]> =
  createError('MTLS_ERR_CREDENTIALS_OPTION', 'Invalid credentials option: %s', 500, TypeError)

/** Material was found and must not be used; `reason` says why. */
export const MTLS_ERR_CREDENTIALS_REFUSED: FastifyErrorConstructor<{ code: 'MTLS_ERR_CREDENTIALS_REFUSED' }, [string]> =
  createError('MTLS_ERR_CREDENTIALS_REFUSED', 'Credentials refused: %s', 500)

/** Material could not be had; `reason` says why. */
export const MTLS_ERR_CREDENTIALS_UNAVAILABLE: FastifyErrorConstructor<{ code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE' }, [string]> =
  createError('MTLS_ERR_CREDENTIALS_UNAVAILABLE', 'Credentials unavailable: %s', 500)

/** The source was closed. */
export const MTLS_ERR_CREDENTIALS_CLOSED: FastifyErrorConstructor<{ code: 'MTLS_ERR_CREDENTIALS_CLOSED' }, [string]> =
  createError('MTLS_ERR_CREDENTIALS_CLOSED', 'Credentials closed: %s', 500)

/**
 * Why material was refused.
 *
 * - `unreadable`: no PEM or PKCS#12, or no certificate or key in it.
 * - `key_mismatch`: the key is not the certificate's.
 * - `passphrase`: the key is encrypted, and the passphrase is missing or wrong.
 * - `expired`, `not_yet_valid`: a certificate of our own is out of its time.
 * - `chain`: the intermediates do not follow from the leaf, one was lost, or (where it must) the chain leads to no anchor.
 * - `wrong_purpose`: the extended key usage fits neither a server nor a client, or not the stated use.
 * - `weak`: signature algorithm or key size.
 * - `no_anchor`: a CA file holds a certificate that is no CA, or none that is valid now.
 * - `crl`: a CRL that cannot be read, whose signature does not verify, or that would take back what the CRLs in force say: an older one, or one fewer.
 * - `unusable`: OpenSSL does not take what we found in order.
 */
export type CredentialsRefusedReason =
  'unreadable' | 'key_mismatch' | 'passphrase' | 'expired' | 'not_yet_valid' | 'chain' | 'wrong_purpose' | 'weak' | 'no_anchor' | 'crl' | 'unusable'

export interface CredentialsRefusedError extends Error {
  readonly code: 'MTLS_ERR_CREDENTIALS_REFUSED'
  readonly reason: CredentialsRefusedReason
  /** The authorities whose material it is about; undefined where it is about our own certificate and key. */
  readonly authorities?: readonly string[]
}

/** Makes the error for refused material. `where` names the option and the file, `what` says what was found and what was expected. */
export function refused (reason: CredentialsRefusedReason, where: string, what: string, cause?: unknown): CredentialsRefusedError {
  return Object.assign(new MTLS_ERR_CREDENTIALS_REFUSED(`${where}: ${what}`), { reason }, cause === undefined ? {} : { cause })
}

/**
 * Why material could not be had.
 *
 * - `file`: a file cannot be read.
 * - `provider`: a user's function or an issuer failed.
 * - `timeout`: it gave no answer in time.
 * - `passphrase`: the function for the passphrase failed.
 */
export type CredentialsUnavailableReason = 'file' | 'provider' | 'timeout' | 'passphrase'

export interface CredentialsUnavailableError extends Error {
  readonly code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE'
  readonly reason: CredentialsUnavailableReason
  /** The authorities whose files it is about; undefined where it is about our own certificate and key. */
  readonly authorities?: readonly string[]
}

export function unavailable (reason: CredentialsUnavailableReason, what: string, cause?: unknown): CredentialsUnavailableError {
  return Object.assign(new MTLS_ERR_CREDENTIALS_UNAVAILABLE(what), { reason }, cause === undefined ? {} : { cause })
}
