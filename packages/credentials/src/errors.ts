import createError from '@fastify/error'
import type { FastifyErrorConstructor } from '@fastify/error'

/** An option is missing, unknown or of the wrong type. */
export const MTLS_ERR_CREDENTIALS_OPTION: FastifyErrorConstructor<{ code: 'MTLS_ERR_CREDENTIALS_OPTION' }, [string]> =
  createError('MTLS_ERR_CREDENTIALS_OPTION', 'Invalid credentials option: %s', 500, TypeError)

/** Material failed a check; `reason` says which. */
export const MTLS_ERR_CREDENTIALS_REFUSED: FastifyErrorConstructor<{ code: 'MTLS_ERR_CREDENTIALS_REFUSED' }, [string]> =
  createError('MTLS_ERR_CREDENTIALS_REFUSED', 'Credentials refused: %s', 500)

/** Material could not be read or fetched; `reason` says why. */
export const MTLS_ERR_CREDENTIALS_UNAVAILABLE:
FastifyErrorConstructor<{ code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE' }, [string]> =
  createError('MTLS_ERR_CREDENTIALS_UNAVAILABLE', 'Credentials unavailable: %s', 500)

/** A method was called after `close()`. */
export const MTLS_ERR_CREDENTIALS_CLOSED: FastifyErrorConstructor<{ code: 'MTLS_ERR_CREDENTIALS_CLOSED' }, [string]> =
  createError('MTLS_ERR_CREDENTIALS_CLOSED', 'Credentials closed: %s', 500)

/**
 * Why material was refused.
 *
 * - `unreadable`: not PEM or PKCS#12, or it contains no certificate or key.
 * - `key_mismatch`: the key does not belong to the certificate.
 * - `passphrase`: the key is encrypted, and the passphrase is missing or wrong.
 * - `expired`, `not_yet_valid`: one of our certificates is not valid now.
 * - `chain`: the intermediates are in the wrong order, one is missing, or (with `chain: 'required'`) they lead to no CA
 *   in `ca`.
 * - `wrong_purpose`: the extended key usage does not allow the option `use`.
 * - `weak`: the signature algorithm or the key is too weak.
 * - `no_anchor`: a CA file contains a certificate that is not a CA, or no CA that is valid now.
 * - `crl`: a CRL cannot be parsed, its signature is invalid, it is older than the one in use, or one is missing.
 * - `unusable`: OpenSSL rejects certificate and key.
 */
export type CredentialsRefusedReason =
  'unreadable' | 'key_mismatch' | 'passphrase' | 'expired' | 'not_yet_valid' | 'chain' |
  'wrong_purpose' | 'weak' | 'no_anchor' | 'crl' | 'unusable'

/** The properties of `MTLS_ERR_CREDENTIALS_REFUSED`. */
export interface CredentialsRefusedError extends Error {
  readonly code: 'MTLS_ERR_CREDENTIALS_REFUSED'
  readonly reason: CredentialsRefusedReason
  /** The authorities that were refused; undefined for our own certificate and key. */
  readonly authorities?: readonly string[]
  /** When it becomes valid, in milliseconds since the epoch, if it is not valid yet. */
  readonly startsAt?: number
}

/**
 * Makes the error for refused material.
 *
 * @param where the option and the file
 * @param what what was found and what was expected
 */
export function refused (
  reason: CredentialsRefusedReason, where: string, what: string, cause?: unknown
): CredentialsRefusedError {
  const error = new MTLS_ERR_CREDENTIALS_REFUSED(`${where}: ${what}`)
  return Object.assign(error, { reason }, cause === undefined ? {} : { cause })
}

/** Adds when refused material becomes valid, in milliseconds since the epoch. Infinity: never. */
export function startingAt<Given extends Error> (startsAt: number, error: Given): Given {
  return Number.isFinite(startsAt) ? Object.assign(error, { startsAt }) : error
}

/**
 * What is the same in two errors of one cause. Messages contain the current time, and those of providers may contain
 * numbers such as the identifier of a request.
 */
export function causeOf (error: Error & { readonly code?: unknown, readonly reason?: unknown }): string {
  const { code, reason, message } = error
  const plain = message.replace(TIME, '')
  const isOurs = code !== 'MTLS_ERR_CREDENTIALS_UNAVAILABLE'
  return JSON.stringify([code, reason, isOurs ? plain : plain.replace(IDENTIFIER, '#')])
}

const TIME = /\d{4}-\d{2}-\d{2}T[\d:.]+Z/g
/** A number, or a long word with digits. */
const IDENTIFIER = /\b(?=[\w-]*\d)[\w-]{8,}\b|\d+/g

/**
 * Why material could not be read or fetched.
 *
 * - `file`: a file cannot be read.
 * - `provider`: the provider or the issuer failed.
 * - `timeout`: it did not answer in time.
 * - `passphrase`: the passphrase function failed.
 */
export type CredentialsUnavailableReason = 'file' | 'provider' | 'timeout' | 'passphrase'

/** The properties of `MTLS_ERR_CREDENTIALS_UNAVAILABLE`. */
export interface CredentialsUnavailableError extends Error {
  readonly code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE'
  readonly reason: CredentialsUnavailableReason
  /** The authorities whose files cannot be read; undefined for our own certificate and key. */
  readonly authorities?: readonly string[]
}

/** Makes the error for material that could not be read or fetched. */
export function unavailable (
  reason: CredentialsUnavailableReason, what: string, cause?: unknown
): CredentialsUnavailableError {
  return Object.assign(new MTLS_ERR_CREDENTIALS_UNAVAILABLE(what), { reason }, cause === undefined ? {} : { cause })
}
