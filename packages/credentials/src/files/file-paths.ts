import { MTLS_ERR_CREDENTIALS_OPTION } from '../errors.ts'
import type { AuthorityOptions } from '../authority/authority-options.ts'
import { DEFAULT_AUTHORITY, checkAuthorities } from '../authority/list-authorities.ts'
import { TRUST_PARTS, listOf } from '../material.ts'
import type { AuthorityOrigins, Origins } from '../material.ts'
import { show } from '../option-check.ts'
import type { Part } from '../part.ts'

/** Where the parts lie. Several files may make up one part; one file may hold several parts. */
export interface FilePaths extends Omit<TrustPaths, 'ca'> {
  /** Whom we trust, PEM. Needed unless there is `authorities`. */
  readonly ca?: string | readonly string[] | undefined
  /** Our leaf and its intermediates, PEM, in one file or in several that follow each other; may hold the key as well. Needed unless there is `pfx`. */
  readonly cert?: string | readonly string[] | undefined
  /** Default: the files of `cert`. */
  readonly key?: string | undefined
  /** PKCS#12, in place of `cert` and `key`. */
  readonly pfx?: string | undefined
  /** Named authorities in place of `ca`, each with files of its own; see `CredentialMaterial`. */
  readonly authorities?: Readonly<Record<string, AuthorityPaths>> | undefined
}

/** Where the parts of a trust lie. */
export interface TrustPaths {
  /** Whom we trust, PEM. */
  readonly ca: string | readonly string[]
  /** CRLs, PEM or DER. */
  readonly crl?: string | readonly string[] | undefined
  /** CA certificates below the anchors whose CRLs count, PEM; not trusted as anchors. */
  readonly crlIssuers?: string | readonly string[] | undefined
  /** CA certificates that a peer's path may go through though the peer did not send them, PEM; trusted for nothing by themselves. */
  readonly intermediates?: string | readonly string[] | undefined
}

/** A named authority: where its parts lie, and what it may vouch for. */
export interface AuthorityPaths extends TrustPaths, AuthorityOptions {}

export type FilePart = typeof OWN_PARTS[number] | typeof TRUST_PARTS[number]

const OWN_PARTS = ['cert', 'key', 'pfx'] as const

export const FILE_PARTS: readonly FilePart[] = [...OWN_PARTS, ...TRUST_PARTS]

const SINGLE: readonly FilePart[] = ['key', 'pfx']

/** The files of one part. */
export interface FileEntry {
  readonly part: FilePart
  /** Whose part it is; undefined for those of `ca` and our own. */
  readonly authority: string | undefined
  /** What is taken or refused as a whole with it. */
  readonly of: Part
  readonly paths: readonly string[]
}

/** All parts that are given, in a fixed order. */
export function listEntries (paths: FilePaths): readonly FileEntry[] {
  const own = OWN_PARTS.map((part) => ({ part, authority: undefined, of: undefined, paths: listOf(paths[part]) }))
  const alone = TRUST_PARTS.map((part) => ({ part, authority: undefined, of: DEFAULT_AUTHORITY, paths: listOf(paths[part]) }))
  const named = Object.entries(paths.authorities ?? {}).flatMap(([authority, parts]) => TRUST_PARTS.map((part) => ({ part, authority, of: authority, paths: listOf(parts[part]) })))
  return [...own, ...alone, ...named].filter((entry) => entry.paths.length > 0)
}

/** @throws MTLS_ERR_CREDENTIALS_OPTION where a path is no path, or parts are missing or too many */
export function checkPaths (paths: FilePaths): void {
  checkTrustPaths(paths)
  if (paths.cert === undefined && paths.pfx === undefined) throw new MTLS_ERR_CREDENTIALS_OPTION('fileCredentials needs the option "cert" (or "pfx"); found neither')
  if (paths.pfx !== undefined && (paths.cert !== undefined || paths.key !== undefined)) {
    throw new MTLS_ERR_CREDENTIALS_OPTION(`found ${paths.cert === undefined ? 'key' : 'cert'} beside pfx; expected either pfx, or cert and key`)
  }
}

/** The same for a trust alone. @throws MTLS_ERR_CREDENTIALS_OPTION */
export function checkTrustPaths (paths: FilePaths): void {
  for (const part of FILE_PARTS) checkPart(paths[part], part, SINGLE.includes(part))
  if (paths.authorities !== undefined) {
    for (const name of checkAuthorities(paths)) {
      for (const part of TRUST_PARTS) checkPart(paths.authorities[name]?.[part], `authorities.${name}.${part}`, false)
    }
  }
}

function checkPart (value: unknown, name: string, isSingle: boolean): void {
  if (Array.isArray(value) && isSingle) throw new MTLS_ERR_CREDENTIALS_OPTION(`${name} is a list; expected one file's path`)
  if (Array.isArray(value) && value.length === 0) throw new MTLS_ERR_CREDENTIALS_OPTION(`${name} is an empty list; expected at least one file's path`)
  for (const path of listOf(value)) checkPath(path, name)
}

function checkPath (path: unknown, part: string): void {
  if (typeof path === 'string' && path.includes('-----BEGIN')) throw new MTLS_ERR_CREDENTIALS_OPTION(`${part} is PEM text; expected a file's path (memoryCredentials takes PEM)`)
  if (path instanceof Uint8Array) throw new MTLS_ERR_CREDENTIALS_OPTION(`${part} is a Buffer; expected a file's path (memoryCredentials takes Buffers)`)
  if (typeof path !== 'string' || path === '' || path.includes('\0')) throw new MTLS_ERR_CREDENTIALS_OPTION(`${part} is ${show(path)}; expected a file's path`)
}

export function allPaths (paths: FilePaths): string[] {
  return [...new Set(listEntries(paths).flatMap((entry) => entry.paths))]
}

/** Options and paths by part, for errors that name both. */
export function originsOf (paths: FilePaths): Origins {
  const name = (part: FilePart, of: readonly string[] = listOf(paths[part])): string => `${part} (${of.join(', ')})`
  const named = Object.entries(paths.authorities ?? {}).map(([authority, parts]) => [
    authority, trustOrigins((part) => `authorities.${authority}.${part} (${listOf(parts[part]).join(', ')})`)
  ])
  return {
    cert: name('cert'),
    key: paths.key === undefined ? name('key', listOf(paths.cert)) : name('key'),
    pfx: name('pfx'),
    ...trustOrigins((part) => name(part)),
    authorities: Object.fromEntries(named) as Record<string, AuthorityOrigins>
  }
}

function trustOrigins (name: (part: typeof TRUST_PARTS[number]) => string): AuthorityOrigins {
  return Object.fromEntries(TRUST_PARTS.map((part) => [part, name(part)])) as unknown as AuthorityOrigins
}
