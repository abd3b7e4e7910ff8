import { anything } from '@peerkit/identity/internal'
import type { OptionTypes } from '@peerkit/identity/internal'
import type { AuthorityOptions } from './authority/authority-options.ts'

/** PEM as text or bytes. One text may contain several blocks, and comments between them. */
export type Pem = string | Uint8Array

/** The passphrase of an encrypted key or of a PKCS#12 file. */
export type Secret = string | Uint8Array

/** Trusted CAs, and their CRLs. */
export interface TrustMaterial {
  /** Trusted CA certificates. There is no default: public roots are never trusted. */
  readonly ca: Pem | readonly Pem[]
  /** CRLs, PEM or DER, complete and delta. */
  readonly crl?: Pem | readonly Pem[] | undefined
  /** CA certificates below `ca` that may sign CRLs too. Default: `ca` and our own intermediates. Not trust anchors. */
  readonly crlIssuers?: Pem | readonly Pem[] | undefined
  /** CA certificates for paths of peers that do not send them. Not trust anchors: the path must end at a CA of `ca`. */
  readonly intermediates?: Pem | readonly Pem[] | undefined
}

/** A named authority: its CAs and CRLs, and the limits of what they may issue. */
export interface AuthorityMaterial extends TrustMaterial, AuthorityOptions {}

/** Our certificate and key, and the trusted CAs: `ca` or `authorities`. */
export interface CredentialMaterial extends Omit<TrustMaterial, 'ca'> {
  /**
   * Trusted CA certificates: one authority without limits, named `default`. Required unless `authorities` is set.
   * Public roots are never trusted by default.
   */
  readonly ca?: Pem | readonly Pem[] | undefined
  /** Our leaf certificate, then its intermediates. May contain the key too. Required unless `pfx` is set. */
  readonly cert?: Pem | readonly Pem[] | undefined
  /** Our private key (PKCS#8, PKCS#1 or SEC 1). Default: the key in `cert`. */
  readonly key?: Pem | undefined
  /** PKCS#12 with leaf, key and intermediates, instead of `cert` and `key`. */
  readonly pfx?: Uint8Array | undefined
  /** Passphrase of an encrypted key or of `pfx`. */
  readonly passphrase?: Secret | undefined
  /**
   * Named authorities instead of `ca`, each with its own CAs, CRLs and limits. They are tried in this order: the first
   * that accepts a certificate becomes its authority.
   */
  readonly authorities?: Readonly<Record<string, AuthorityMaterial>> | undefined
}

export function listOf<T> (value: T | readonly T[] | undefined): readonly T[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value as T]
}

/** PEM as text. Bytes are read as Latin-1: PEM itself is ASCII, and comments do not matter. */
export function textOf (pem: Pem): string {
  return typeof pem === 'string' ? pem : Buffer.from(pem.buffer, pem.byteOffset, pem.length).toString('latin1')
}

/** The options that make up a trust. */
export const TRUST_PARTS = ['ca', 'crl', 'crlIssuers', 'intermediates'] as const

/** The CRLs of one authority. */
export function crlsOf ({ crl, authorities }: CredentialMaterial, name: string): readonly Pem[] {
  return listOf(authorities === undefined ? crl : authorities[name]?.crl)
}

/** Where each part of a trust comes from, for errors: the name of the option, and the path of the file. */
export type AuthorityOrigins = Readonly<Record<typeof TRUST_PARTS[number], string>>

export interface Origins extends AuthorityOrigins {
  readonly cert: string
  readonly key: string
  readonly pfx: string
  /** By authority. For an authority that is missing here, errors name the option. */
  readonly authorities?: Readonly<Record<string, AuthorityOrigins>>
}

export const OPTION_ORIGINS: Origins = Object.freeze({
  cert: 'cert', key: 'key', pfx: 'pfx', ca: 'ca', crl: 'crl', crlIssuers: 'crlIssuers', intermediates: 'intermediates'
})

/** The types of the options of trusted CAs. `checkMaterialTypes` or `checkTrustPaths` checks their values. */
export const TRUST_OPTIONS: OptionTypes<Pick<CredentialMaterial, typeof TRUST_PARTS[number] | 'authorities'>> = {
  ca: anything, crl: anything, crlIssuers: anything, intermediates: anything, authorities: anything
}
/** The type of each option of `CredentialMaterial`. `checkMaterialTypes` checks the values. */
export const MATERIAL_OPTIONS: OptionTypes<CredentialMaterial> = {
  cert: anything, key: anything, pfx: anything, passphrase: anything, ...TRUST_OPTIONS
}
