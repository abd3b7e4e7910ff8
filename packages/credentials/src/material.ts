import type { RevocationPolicy } from '@peerkit/revocation'
import type { Clock } from './clock.ts'

/** PEM, as text or as bytes. Several blocks may stand in one text, comments between them. */
export type Pem = string | Uint8Array

/** What opens an encrypted key or a PKCS#12 file. */
export type Secret = string | Uint8Array

/** What a snapshot is made of. */
export interface CredentialMaterial {
  /** Our leaf, then its intermediates, in one text or in several that follow each other. May hold the key as well. Needed unless there is `pfx`. */
  readonly cert?: Pem | readonly Pem[] | undefined
  /** Our private key (PKCS#8, PKCS#1 or SEC 1). Default: the one that stands in `cert`. */
  readonly key?: Pem | undefined
  /** PKCS#12 with leaf, key and intermediates, in place of `cert` and `key`. */
  readonly pfx?: Uint8Array | undefined
  /** For an encrypted key, or for `pfx`. */
  readonly passphrase?: Secret | undefined
  /** Whom we trust: there is no default, and never the system's roots. */
  readonly ca: Pem | readonly Pem[]
  /** CRLs, PEM or DER, complete and delta. */
  readonly crl?: Pem | readonly Pem[] | undefined
  /** CA certificates below the anchors whose CRLs count, besides the anchors and our own intermediates. They are not trusted as anchors. */
  readonly crlIssuers?: Pem | readonly Pem[] | undefined
  /**
   * CA certificates that a peer's path may go through though the peer did not send them. They are trusted for nothing by themselves: a path through one of them
   * has to end at a CA of `ca`.
   */
  readonly intermediates?: Pem | readonly Pem[] | undefined
}

/** How material is judged before it is taken. */
export interface CheckOptions {
  /**
   * What our certificate is for, held against its extended key usage (RFC 5280 section 4.2.1.12). Default `either`: it must allow a server or a client, where it has
   * the extension at all.
   */
  readonly use?: 'server' | 'client' | 'both' | 'either' | undefined
  /**
   * Whether our own chain must lead to one of `ca`. `required`: refused otherwise. `reported` (default): a warning, since `ca` is whom *we* trust, and a server's
   * own certificate may well come from elsewhere. Both refuse to lose an intermediate that the same leaf's issuer had before. `unchecked`: neither.
   */
  readonly chain?: 'required' | 'reported' | 'unchecked' | undefined
  /** What a certificate that no CRL speaks of means. Default `hard` (refused), see @peerkit/revocation. */
  readonly revocationPolicy?: RevocationPolicy | undefined
  /** Default: the machine's clock. */
  readonly clock?: Clock | undefined
}

export function listOf<T> (value: T | readonly T[] | undefined): readonly T[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value as T]
}

/** Names of the places that each part came from, for errors: an option's name, and the file's path. */
export interface Origins { readonly cert: string, readonly key: string, readonly pfx: string, readonly ca: string, readonly crl: string, readonly crlIssuers: string, readonly intermediates: string }

export const OPTION_ORIGINS: Origins = Object.freeze({ cert: 'cert', key: 'key', pfx: 'pfx', ca: 'ca', crl: 'crl', crlIssuers: 'crlIssuers', intermediates: 'intermediates' })
