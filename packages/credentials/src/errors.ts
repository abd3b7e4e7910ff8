import { CodedError, OptionError } from '@peerkit/identity/internal'
import type { CredentialsReason } from '@peerkit/events'

export type { CredentialsReason } from '@peerkit/events'

/** An option is missing, unknown or of the wrong type. */
export class CredentialsOptionError extends OptionError {
  static readonly code = 'MTLS_ERR_CREDENTIALS_OPTION'
  override readonly code = 'MTLS_ERR_CREDENTIALS_OPTION'

  constructor (detail: string, options?: ErrorOptions) {
    super(`Invalid credentials option: ${detail}`, options)
  }
}

/** What an error about material may have besides its reason. */
export interface MaterialErrorOptions extends ErrorOptions {
  readonly authorities?: readonly string[] | undefined
}

/** Base class of the errors about material. */
export abstract class MaterialError extends CodedError {
  abstract readonly reason: string
  /** The authorities that it is about; undefined for our own certificate and key. */
  readonly authorities: readonly string[] | undefined
  readonly #detail: string

  constructor (prefix: string, detail: string, { authorities, ...options }: MaterialErrorOptions = {}) {
    super(`${prefix}: ${detail}`, options)
    this.authorities = authorities
    this.#detail = detail
  }

  /** The message without its first words. Not an own property, because logs have the message. */
  get detail (): string { return this.#detail }

  /** The same error, about some authorities. */
  abstract about (authorities: readonly string[]): MaterialError
}

/** What `CredentialsRefusedError` may have besides its reason. */
interface RefusedOptions extends MaterialErrorOptions {
  readonly startsAt?: number | undefined
}

/** Material failed a check; `reason` says which. */
export class CredentialsRefusedError extends MaterialError {
  static readonly code = 'MTLS_ERR_CREDENTIALS_REFUSED'
  override readonly code = 'MTLS_ERR_CREDENTIALS_REFUSED'
  /** A word of docs/reasons.md. */
  override readonly reason: CredentialsReason
  /** When it becomes valid, in milliseconds since the epoch; undefined unless it is not valid yet. */
  readonly startsAt: number | undefined

  constructor (reason: CredentialsReason, detail: string, { startsAt, ...options }: RefusedOptions = {}) {
    super('Credentials refused', detail, options)
    this.reason = reason
    this.startsAt = startsAt
  }

  override about (authorities: readonly string[]): CredentialsRefusedError {
    const { reason, detail, startsAt } = this
    return new CredentialsRefusedError(reason, detail, { ...causeIn(this), startsAt, authorities })
  }
}

/**
 * Why material could not be read or fetched.
 *
 * - `file`: a file cannot be read.
 * - `provider`: the provider or the issuer failed.
 * - `timeout`: it did not answer in time.
 * - `passphrase`: the passphrase function failed.
 * - `store`: the store of the certificate failed.
 * - `engine`: this process cannot load the PKCS#11 engine of OpenSSL.
 * - `module`: the PKCS#11 module is missing, cannot be loaded, or is a second one.
 * - `token`: the token or the key in it is not there, or does not sign.
 * - `pin`: the PIN function failed, or the token refused the PIN.
 */
export type CredentialsUnavailableReason =
  'file' | 'provider' | 'timeout' | 'passphrase' | 'store' | 'engine' | 'module' | 'token' | 'pin'

/** What `CredentialsUnavailableError` may have besides its reason. */
interface UnavailableOptions extends MaterialErrorOptions {
  readonly retryAfter?: number | undefined
}

/** Material could not be read or fetched; `reason` says why. */
export class CredentialsUnavailableError extends MaterialError {
  static readonly code = 'MTLS_ERR_CREDENTIALS_UNAVAILABLE'
  override readonly code = 'MTLS_ERR_CREDENTIALS_UNAVAILABLE'
  override readonly reason: CredentialsUnavailableReason
  /** How long the provider or the issuer asks us to wait, in milliseconds: that of its own error. */
  readonly retryAfter: number | undefined

  constructor (
    reason: CredentialsUnavailableReason, detail: string, { retryAfter, ...options }: UnavailableOptions = {}
  ) {
    super('Credentials unavailable', detail, options)
    this.reason = reason
    this.retryAfter = retryAfter
  }

  override about (authorities: readonly string[]): CredentialsUnavailableError {
    const { reason, detail, retryAfter } = this
    return new CredentialsUnavailableError(reason, detail, { ...causeIn(this), retryAfter, authorities })
  }
}

/** A method was called after `close()`. */
export class CredentialsClosedError extends CodedError {
  static readonly code = 'MTLS_ERR_CREDENTIALS_CLOSED'
  override readonly code = 'MTLS_ERR_CREDENTIALS_CLOSED'

  constructor (detail: string) {
    super(`Credentials closed: ${detail}`)
  }
}

/**
 * Why a list was refused.
 *
 * - `unreadable`: the file is missing or cannot be read.
 * - `too_large`: more bytes or entries than the limit.
 * - `malformed`: the file is neither YAML nor JSON.
 * - `structure`: a key or value is missing, unknown or wrong.
 */
export type BlockListInvalidReason = 'unreadable' | 'too_large' | 'malformed' | 'structure'

/** A list of blocked certificates is invalid; `reason` says why. */
export class BlockListInvalidError extends CodedError {
  static readonly code = 'MTLS_ERR_BLOCK_LIST_INVALID'
  override readonly code = 'MTLS_ERR_BLOCK_LIST_INVALID'
  readonly reason: BlockListInvalidReason

  /** @param detail names the option, the file and the place, what was found and what was expected */
  constructor (reason: BlockListInvalidReason, detail: string, options?: ErrorOptions) {
    super(`Invalid block list: ${detail}`, options)
    this.reason = reason
  }
}

/**
 * Makes the error for refused material.
 *
 * @param where the option and the file
 * @param what what was found and what was expected
 */
export function refused (
  reason: CredentialsReason, where: string, what: string, options?: RefusedOptions
): CredentialsRefusedError {
  return new CredentialsRefusedError(reason, `${where}: ${what}`, options)
}

/**
 * What is the same in two errors of one cause. Messages contain the current time, and those of providers may contain
 * numbers such as the identifier of a request.
 */
export function causeOf (error: Error & { readonly code?: unknown, readonly reason?: unknown }): string {
  const { code, reason, message } = error
  const plain = message.replace(TIME, '')
  const isOurs = !(error instanceof CredentialsUnavailableError)
  return JSON.stringify([code, reason, isOurs ? plain : plain.replace(IDENTIFIER, '#')])
}

const TIME = /\d{4}-\d{2}-\d{2}T[\d:.]+Z/g
/** A number, or a long word with digits. */
const IDENTIFIER = /\b(?=[\w-]*\d)[\w-]{8,}\b|\d+/g

/** The cause of an error for the constructor of another one. An error without a cause has no such property. */
function causeIn (error: Error): ErrorOptions {
  return 'cause' in error ? { cause: error.cause } : {}
}
