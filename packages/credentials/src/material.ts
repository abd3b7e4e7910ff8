import type { RevocationPolicy } from '@peerkit/revocation'
import { MTLS_ERR_CREDENTIALS_OPTION } from './errors.ts'

export type Pem = string | Uint8Array

/** What a snapshot is made of. Text is PEM; several blocks may stand in one text. */
export interface CredentialMaterial {
  /** Our leaf and its intermediates. May hold the key as well. */
  readonly cert: Pem
  /** Our private key. Default: the one that stands in `cert`. */
  readonly key?: Pem | undefined
  /** Whom we trust: there is no default, and never the system's roots. */
  readonly ca: Pem | readonly Pem[]
  /** CRLs, PEM or DER, complete and delta. */
  readonly crl?: Pem | readonly Pem[] | undefined
}

export interface CheckOptions {
  /** For an encrypted key. */
  readonly passphrase?: string | undefined
  /** What our certificate is for. Default `either`: it may be used by a server or by a client. */
  readonly use?: 'server' | 'client' | 'both' | 'either' | undefined
  /** What a certificate that no CRL speaks of means. Default `hard` (refused), see @peerkit/revocation. */
  readonly revocationPolicy?: RevocationPolicy | undefined
  /** The clock, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: (() => number) | undefined
}

export const CHECK_OPTIONS: readonly string[] = ['passphrase', 'use', 'revocationPolicy', 'now']

/** Refuses unknown options, naming the nearest known one, and missing ones. @throws MTLS_ERR_CREDENTIALS_OPTION */
export function checkKeys (options: unknown, known: readonly string[], required: readonly string[], what: string): void {
  if (options === null || typeof options !== 'object') throw new MTLS_ERR_CREDENTIALS_OPTION(`${what} got ${String(options)}; expected an object`)
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) throw new MTLS_ERR_CREDENTIALS_OPTION(`${what} knows no "${key}"; expected ${known.join(', ')}`)
  }
  for (const key of required) {
    if ((options as Record<string, unknown>)[key] === undefined) throw new MTLS_ERR_CREDENTIALS_OPTION(`${what} needs "${key}"; found none`)
  }
}

export function listOf<T> (value: T | readonly T[] | undefined): readonly T[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value as T]
}

/** Names of the sources of each part, for errors: an option's name, or a file's path. */
export interface Origins { readonly cert: string, readonly key: string, readonly ca: string, readonly crl: string }

export const OPTION_ORIGINS: Origins = { cert: 'cert', key: 'key', ca: 'ca', crl: 'crl' }
