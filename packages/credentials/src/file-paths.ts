import { MTLS_ERR_CREDENTIALS_OPTION } from './errors.ts'
import { listOf } from './material.ts'
import type { Origins } from './material.ts'

/** Where the parts lie. Several files may make up one part; one file may hold several parts. */
export interface FilePaths {
  /** Our leaf and its intermediates, PEM; may hold the key as well. */
  readonly cert: string
  /** Default: the file of `cert`. */
  readonly key?: string | undefined
  readonly ca: string | readonly string[]
  /** CRLs, PEM or DER. */
  readonly crl?: string | readonly string[] | undefined
}

/** @throws MTLS_ERR_CREDENTIALS_OPTION where a path is no text */
export function checkPaths (paths: FilePaths): void {
  for (const key of ['cert', 'key', 'ca', 'crl'] as const) {
    for (const path of listOf<unknown>(paths[key])) {
      if (typeof path !== 'string' || path === '') throw new MTLS_ERR_CREDENTIALS_OPTION(`${key} is ${JSON.stringify(path)}; expected a file's path`)
      if (path.includes('-----BEGIN')) throw new MTLS_ERR_CREDENTIALS_OPTION(`${key} is PEM text; expected a file's path (memoryCredentials takes PEM)`)
    }
  }
  if (listOf(paths.ca).length === 0) throw new MTLS_ERR_CREDENTIALS_OPTION('ca is an empty list; expected at least one file')
}

export function allPaths ({ cert, key, ca, crl }: FilePaths): string[] {
  return [...new Set([cert, ...listOf(key), ...listOf(ca), ...listOf(crl)])]
}

/** Options and paths by part, for errors that name both. */
export function originsOf ({ cert, key, ca, crl }: FilePaths): Origins {
  const name = (option: string, paths: readonly string[]): string => `${option} (${paths.join(', ')})`
  return { cert: name('cert', [cert]), key: name('key', [key ?? cert]), ca: name('ca', listOf(ca)), crl: name('crl', listOf(crl)) }
}
