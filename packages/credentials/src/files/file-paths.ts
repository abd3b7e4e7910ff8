import { MTLS_ERR_CREDENTIALS_OPTION } from '../errors.ts'
import { listOf } from '../material.ts'
import type { Origins } from '../material.ts'
import { show } from '../option-check.ts'

/** Where the parts lie. Several files may make up one part; one file may hold several parts. */
export interface FilePaths {
  /** Our leaf and its intermediates, PEM, in one file or in several that follow each other; may hold the key as well. Needed unless there is `pfx`. */
  readonly cert?: string | readonly string[] | undefined
  /** Default: the files of `cert`. */
  readonly key?: string | undefined
  /** PKCS#12, in place of `cert` and `key`. */
  readonly pfx?: string | undefined
  /** Whom we trust, PEM. */
  readonly ca: string | readonly string[]
  /** CRLs, PEM or DER. */
  readonly crl?: string | readonly string[] | undefined
  /** CA certificates below the anchors whose CRLs count, PEM; not trusted as anchors. */
  readonly crlIssuers?: string | readonly string[] | undefined
  /** CA certificates that a peer's path may go through though the peer did not send them, PEM; trusted for nothing by themselves. */
  readonly intermediates?: string | readonly string[] | undefined
}

export type FilePart = keyof FilePaths

export const FILE_PARTS: readonly FilePart[] = ['cert', 'key', 'pfx', 'ca', 'crl', 'crlIssuers', 'intermediates']

const SINGLE: readonly FilePart[] = ['key', 'pfx']

/** @throws MTLS_ERR_CREDENTIALS_OPTION where a path is no path, or parts are missing or too many */
export function checkPaths (paths: FilePaths): void {
  for (const part of FILE_PARTS) {
    const value: unknown = paths[part]
    if (Array.isArray(value) && SINGLE.includes(part)) throw new MTLS_ERR_CREDENTIALS_OPTION(`${part} is a list; expected one file's path`)
    if (Array.isArray(value) && value.length === 0) throw new MTLS_ERR_CREDENTIALS_OPTION(`${part} is an empty list; expected at least one file's path`)
    for (const path of listOf(value)) checkPath(path, part)
  }
  if (paths.cert === undefined && paths.pfx === undefined) throw new MTLS_ERR_CREDENTIALS_OPTION('fileCredentials needs the option "cert" (or "pfx"); found neither')
  if (paths.pfx !== undefined && (paths.cert !== undefined || paths.key !== undefined)) {
    throw new MTLS_ERR_CREDENTIALS_OPTION(`found ${paths.cert === undefined ? 'key' : 'cert'} beside pfx; expected either pfx, or cert and key`)
  }
}

function checkPath (path: unknown, part: FilePart): void {
  if (typeof path === 'string' && path.includes('-----BEGIN')) throw new MTLS_ERR_CREDENTIALS_OPTION(`${part} is PEM text; expected a file's path (memoryCredentials takes PEM)`)
  if (path instanceof Uint8Array) throw new MTLS_ERR_CREDENTIALS_OPTION(`${part} is a Buffer; expected a file's path (memoryCredentials takes Buffers)`)
  if (typeof path !== 'string' || path === '' || path.includes('\0')) throw new MTLS_ERR_CREDENTIALS_OPTION(`${part} is ${show(path)}; expected a file's path`)
}

export function allPaths (paths: FilePaths): string[] {
  return [...new Set(FILE_PARTS.flatMap((part) => listOf(paths[part])))]
}

/** Options and paths by part, for errors that name both. */
export function originsOf (paths: FilePaths): Origins {
  const name = (part: FilePart, of: readonly string[] = listOf(paths[part])): string => `${part} (${of.join(', ')})`
  return {
    cert: name('cert'),
    key: paths.key === undefined ? name('key', listOf(paths.cert)) : name('key'),
    pfx: name('pfx'),
    ca: name('ca'),
    crl: name('crl'),
    crlIssuers: name('crlIssuers'),
    intermediates: name('intermediates')
  }
}
