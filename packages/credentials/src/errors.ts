import createError from '@fastify/error'
import type { FastifyErrorConstructor } from '@fastify/error'
import type { CredentialsReason } from '@peerkit/events'

export type { CredentialsReason } from '@peerkit/events'

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

/** The properties of `MTLS_ERR_CREDENTIALS_REFUSED`. */
export interface CredentialsRefusedError extends Error {
  readonly code: 'MTLS_ERR_CREDENTIALS_REFUSED'
  /** A word of docs/reasons.md. */
  readonly reason: CredentialsReason
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
  reason: CredentialsReason, where: string, what: string, cause?: unknown
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
