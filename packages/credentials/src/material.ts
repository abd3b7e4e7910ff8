import type { AuthorityOptions } from './authority/authority-options.ts'

/** PEM, as text or as bytes. Several blocks may stand in one text, comments between them. */
export type Pem = string | Uint8Array

/** What opens an encrypted key or a PKCS#12 file. */
export type Secret = string | Uint8Array

/** Whom we trust, and whose CRLs count. */
export interface TrustMaterial {
  /** CA certificates: there is no default, and never the system's roots. */
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

/** A named authority: whom it consists of, and what it may vouch for. */
export interface AuthorityMaterial extends TrustMaterial, AuthorityOptions {}

/** What a snapshot is made of: what we present, and whom we trust, by `ca` or by `authorities`. */
export interface CredentialMaterial extends Omit<TrustMaterial, 'ca'> {
  /** CA certificates: there is no default, and never the system's roots. One authority without limits; needed unless there is `authorities`. */
  readonly ca?: Pem | readonly Pem[] | undefined
  /** Our leaf, then its intermediates, in one text or in several that follow each other. May hold the key as well. Needed unless there is `pfx`. */
  readonly cert?: Pem | readonly Pem[] | undefined
  /** Our private key (PKCS#8, PKCS#1 or SEC 1). Default: the one that stands in `cert`. */
  readonly key?: Pem | undefined
  /** PKCS#12 with leaf, key and intermediates, in place of `cert` and `key`. */
  readonly pfx?: Uint8Array | undefined
  /** For an encrypted key, or for `pfx`. */
  readonly passphrase?: Secret | undefined
  /**
   * Named authorities in place of `ca`, each with its own CAs, CRLs and limits, in the order in which they are asked: the first that accepts a certificate
   * vouches for it. `ca` alone is one authority without limits, called `default`.
   *
   * @example
   * authorities: {
   *   internal: { ca: internalRoot, names: 'any' },
   *   partner: { ca: partnerRoot, for: 'clients', names: { spiffe: 'spiffe://partner.example' } }
   * }
   */
  readonly authorities?: Readonly<Record<string, AuthorityMaterial>> | undefined
}

export function listOf<T> (value: T | readonly T[] | undefined): readonly T[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value as T]
}

/** The parts that a trust is made of. */
export const TRUST_PARTS = ['ca', 'crl', 'crlIssuers', 'intermediates'] as const

/** The CRLs of one authority. */
export function crlsOf ({ crl, authorities }: CredentialMaterial, name: string): readonly Pem[] {
  return listOf(authorities === undefined ? crl : authorities[name]?.crl)
}

/** Names of the places that each part of a trust came from, for errors: an option's name, and the file's path. */
export type AuthorityOrigins = Readonly<Record<typeof TRUST_PARTS[number], string>>

export interface Origins extends AuthorityOrigins {
  readonly cert: string
  readonly key: string
  readonly pfx: string
  /** By authority; of those that are not here the options' names are told. */
  readonly authorities?: Readonly<Record<string, AuthorityOrigins>>
}

export const OPTION_ORIGINS: Origins = Object.freeze({ cert: 'cert', key: 'key', pfx: 'pfx', ca: 'ca', crl: 'crl', crlIssuers: 'crlIssuers', intermediates: 'intermediates' })
