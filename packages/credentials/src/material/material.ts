import { createHash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { anything, choice, flag } from '@peerkit/identity/internal'
import type { OptionTypes } from '@peerkit/identity/internal'
import type { RevocationPolicy } from '@peerkit/revocation'
import type { AuthorityOptions } from '../authority/authority-options.ts'
import { CLOCK } from '../clock.ts'
import type { Clock } from '../clock.ts'
import type { OpaqueKey } from '../pkcs11/opaque-key.ts'
import type { Pkcs11Key } from '../pkcs11/pkcs11-key.ts'

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
  /** Our private key (PKCS#8, PKCS#1 or SEC 1), or one that `openPkcs11Key` opened. Default: the key in `cert`. */
  readonly key?: Pem | OpaqueKey | undefined
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

/** The same, with a key in a token that is not open yet. */
export interface GivenMaterial extends Omit<CredentialMaterial, 'key'> {
  /** Our private key (PKCS#8, PKCS#1 or SEC 1), or where it is in a token. Default: the key in `cert`. */
  readonly key?: Pem | OpaqueKey | Pkcs11Key | undefined
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

/** How material is checked before it is used. */
export interface CheckOptions {
  /**
   * What the extended key usage of our certificate must allow (RFC 5280 section 4.2.1.12). Default `either`: a server
   * or a client. A certificate without the extension passes.
   */
  readonly use?: 'server' | 'client' | 'both' | 'either' | undefined
  /**
   * Whether our chain must lead to a CA in `ca`.
   *
   * - `required`: otherwise it is refused.
   * - `reported` (default): otherwise there is a warning. `ca` lists the CAs of peers; ours may be another one.
   * - `unchecked`: not checked.
   *
   * `required` and `reported` also refuse a chain without an intermediate that it had before.
   */
  readonly chain?: 'required' | 'reported' | 'unchecked' | undefined
  /** Whether certificates that no CRL covers are rejected (`hard`, default) or accepted, see @peerkit/revocation. */
  readonly revocationPolicy?: RevocationPolicy | undefined
  /**
   * Whether a server sends the names of its trusted CAs to clients, so that they can choose a certificate. Default
   * true. A TLS message holds at most 64,000 bytes of names, about 600 CAs; more are refused. With false, none are
   * sent, and clients that have several certificates cannot choose by CA.
   */
  readonly sendCaNames?: boolean | undefined
  /** Default: the system clock. */
  readonly clock?: Clock | undefined
}

/** Takes the options of one kind from those of a call. */
export function pickOptions<Options extends object> (given: Options, types: OptionTypes<Options>): Options {
  const values = given as Readonly<Record<string, unknown>>
  return Object.fromEntries(Object.keys(types).map((key) => [key, values[key]])) as Options
}

/** The type of each option of {@link CheckOptions}. */
export const CHECK_OPTIONS: OptionTypes<CheckOptions> = {
  use: choice('server', 'client', 'both', 'either'),
  chain: choice('required', 'reported', 'unchecked'),
  revocationPolicy: anything,
  sendCaNames: flag,
  clock: CLOCK
}

/** Bytes hashed in one turn of the event loop: one to three milliseconds. */
const SLICE = 1 << 20

/** Identifies a CRL by SHA-256. PEM and DER of the same CRL have different digests, which is harmless. */
export function digestCrl (crl: Pem): string {
  return createHash('sha256').update(crl).digest('base64')
}

/** Hashes bytes or text in slices, without blocking the event loop. */
export async function digestInSlices (content: Pem): Promise<string> {
  const hash = createHash('sha256')
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  for (let at = 0; at < bytes.length; at += SLICE) {
    if (at > 0) await nextTurn()
    hash.update(bytes.subarray(at, at + SLICE))
  }
  return hash.digest('base64')
}

/** What may be wrong with a passphrase: the line break at the end of a file is the usual cause. */
export function hintOf (passphrase: Secret | undefined): string {
  const last = passphrase?.[passphrase.length - 1]
  return last === '\n' || last === 0x0a ? '; the passphrase given ends with a line break: remove it' : ''
}
