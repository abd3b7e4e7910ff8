import { resolve } from 'node:path'
import { anything, describeValue, wrongOption, wrongValue } from '@peerkit/identity/internal'
import type { OptionTypes } from '@peerkit/identity/internal'
import type { AuthorityOptions } from '../authority/authority-options.ts'
import { checkAuthorities, DEFAULT_AUTHORITY } from '../authority/list-authorities.ts'
import { CredentialsOptionError } from '../errors.ts'
import { listOf, TRUST_OPTIONS, TRUST_PARTS } from '../material/material.ts'
import type { AuthorityOrigins, Origins } from '../material/material.ts'
import type { Part } from '../material/part.ts'
import { checkPkcs11Key, describePkcs11Key, isPkcs11Key } from '../pkcs11/pkcs11-key.ts'
import type { Pkcs11Key } from '../pkcs11/pkcs11-key.ts'

/** Paths of the files. An option may have several files, and one file may be used for several options. */
export interface FilePaths extends Omit<TrustPaths, 'ca'> {
  /** Trusted CA certificates, PEM. Required unless `authorities` is set. */
  readonly ca?: string | readonly string[] | undefined
  /**
   * Our leaf certificate, then its intermediates, PEM, in one or several files. May contain the key too. Required
   * unless `pfx` is set.
   */
  readonly cert?: string | readonly string[] | undefined
  /** Our private key, or where it is in a token. Default: the files of `cert`. */
  readonly key?: string | Pkcs11Key | undefined
  /** PKCS#12, instead of `cert` and `key`. */
  readonly pfx?: string | undefined
  /** Named authorities instead of `ca`, each with its own files; see `CredentialMaterial`. */
  readonly authorities?: Readonly<Record<string, AuthorityPaths>> | undefined
}

/** Paths of the files of a trust. */
export interface TrustPaths {
  /** Trusted CA certificates, PEM. */
  readonly ca: string | readonly string[]
  /** CRLs, PEM or DER. */
  readonly crl?: string | readonly string[] | undefined
  /** CA certificates below `ca` that may sign CRLs, PEM. Not trust anchors. */
  readonly crlIssuers?: string | readonly string[] | undefined
  /** CA certificates for paths of peers that do not send them, PEM. Not trust anchors. */
  readonly intermediates?: string | readonly string[] | undefined
}

/** The options that are paths. `checkPaths` checks their values. */
export const PATH_OPTIONS: OptionTypes<FilePaths> = { cert: anything, key: anything, pfx: anything, ...TRUST_OPTIONS }

/** A named authority: its files, and the limits of what it may issue. */
export interface AuthorityPaths extends TrustPaths, AuthorityOptions {}

export type FilePart = typeof OWN_PARTS[number] | typeof TRUST_PARTS[number]

const OWN_PARTS = ['cert', 'key', 'pfx'] as const

const FILE_PARTS: readonly FilePart[] = [...OWN_PARTS, ...TRUST_PARTS]

const SINGLE: readonly FilePart[] = ['key', 'pfx']

/** The files of one option. */
export interface FileEntry {
  readonly part: FilePart
  /** The named authority; undefined for the options outside of `authorities`. */
  readonly authority: string | undefined
  /** The part that is accepted or refused as a whole. */
  readonly of: Part
  /** Absolute: the process may go to another working directory before the files change. */
  readonly paths: readonly string[]
}

/** All options that are set, in a fixed order. */
export function listEntries (paths: FilePaths): readonly FileEntry[] {
  const own = OWN_PARTS.map((part) => ({ part, authority: undefined, of: undefined, paths: pathsOf(paths, part) }))
  const alone = TRUST_PARTS.map((part) => {
    return { part, authority: undefined, of: DEFAULT_AUTHORITY, paths: listOf(paths[part]) }
  })
  const named = Object.entries(paths.authorities ?? {}).flatMap(([authority, parts]) => {
    return TRUST_PARTS.map((part) => ({ part, authority, of: authority, paths: listOf(parts[part]) }))
  })
  return [...own, ...alone, ...named].filter(({ paths: given }) => given.length > 0)
    .map((entry) => ({ ...entry, paths: entry.paths.map((path) => resolve(path)) }))
}

/** The paths of an option. A key in a token has none. */
function pathsOf (paths: FilePaths, part: FilePart): readonly string[] {
  const value = paths[part]
  return isPkcs11Key(value) ? [] : listOf(value as string | readonly string[] | undefined)
}

/** @throws CredentialsOptionError if a path is invalid, or options are missing or contradict each other */
export function checkPaths (paths: FilePaths): void {
  checkTrustPaths(paths)
  if (paths.cert === undefined && paths.pfx === undefined) {
    throw wrongValue(CredentialsOptionError, 'cert', undefined, 'the path of a file, or the option pfx')
  }
  if (paths.pfx !== undefined && (paths.cert !== undefined || paths.key !== undefined)) {
    const other = paths.cert === undefined ? 'key' : 'cert'
    throw new CredentialsOptionError(`${other} and pfx are both set; expected either pfx, or cert and key`)
  }
}

/** Checks the paths of a trust. @throws CredentialsOptionError */
export function checkTrustPaths (paths: FilePaths): void {
  for (const part of FILE_PARTS) {
    const value = paths[part]
    if (part === 'key' && isPkcs11Key(value)) checkPkcs11Key(value)
    else checkPart(value, part, SINGLE.includes(part))
  }
  if (paths.authorities !== undefined) {
    for (const name of checkAuthorities(paths)) {
      for (const part of TRUST_PARTS) checkPart(paths.authorities[name]?.[part], `authorities.${name}.${part}`, false)
    }
  }
}

function checkPart (value: unknown, name: string, isSingle: boolean): void {
  if (Array.isArray(value) && isSingle) {
    throw wrongValue(CredentialsOptionError, name, value, 'the path of one file')
  }
  if (Array.isArray(value) && value.length === 0) {
    throw wrongValue(CredentialsOptionError, name, value, 'the path of at least one file')
  }
  for (const path of listOf(value)) checkPath(path, name)
}

/** A key without its boundaries. */
const BASE64 = /^[A-Za-z0-9+][A-Za-z0-9+/]{99,}={0,2}$/
/** The longest name of a file, in characters. */
const LONGEST_NAME = 255

function checkPath (path: unknown, part: string): void {
  const wrong = (found: string, hint = ''): Error =>
    wrongOption(CredentialsOptionError, part, found, `the path of a file${hint}`)
  if (typeof path === 'string' && path.includes('-----BEGIN')) throw wrong('PEM text', ' (memoryCredentials takes PEM)')
  // Not shown: it may have a PIN.
  if (typeof path === 'string' && /^pkcs11:/i.test(path)) {
    throw wrong('a PKCS#11 URI', part === 'key' ? ', or { pkcs11, module, pin } for a key in a token' : '')
  }
  // No file system has longer names. It may be a key, so it is not shown.
  const isLong = (name: string): boolean => name.length > LONGEST_NAME || name.includes('\n')
  if (typeof path === 'string' && (BASE64.test(path) || path.split(/[/\\]/).some(isLong))) {
    throw wrong(`a text of ${path.length} characters`)
  }
  if (path instanceof Uint8Array) throw wrong('a Buffer', ' (memoryCredentials takes Buffers)')
  if (typeof path !== 'string' || path === '' || path.includes('\0')) throw wrong(describeValue(path))
}

export function allPaths (paths: FilePaths): string[] {
  return [...new Set(listEntries(paths).flatMap((entry) => entry.paths))]
}

/** The name and the paths of each option, for errors. */
export function originsOf (paths: FilePaths): Origins {
  const name = (part: FilePart, of: readonly string[] = pathsOf(paths, part)): string => `${part} (${of.join(', ')})`
  const named = Object.entries(paths.authorities ?? {}).map(([authority, parts]) => [
    authority, trustOrigins((part) => `authorities.${authority}.${part} (${listOf(parts[part]).join(', ')})`)
  ])
  return {
    cert: name('cert'),
    key: nameKey(paths.key) ?? name('key', listOf(paths.cert)),
    pfx: name('pfx'),
    ...trustOrigins((part) => name(part)),
    authorities: Object.fromEntries(named) as Record<string, AuthorityOrigins>
  }
}

function nameKey (key: FilePaths['key']): string | undefined {
  if (isPkcs11Key(key)) return describePkcs11Key(key)
  return key === undefined ? undefined : `key (${key})`
}

function trustOrigins (name: (part: typeof TRUST_PARTS[number]) => string): AuthorityOrigins {
  return Object.fromEntries(TRUST_PARTS.map((part) => [part, name(part)])) as unknown as AuthorityOrigins
}
