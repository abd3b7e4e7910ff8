import type { KeyObject } from 'node:crypto'
import type { ParsedCertificate } from './check/parsed-certificate.ts'

/** Our certificate and key. */
export interface OwnCredentials {
  /** The leaf, then its intermediates. */
  readonly certificates: readonly [ParsedCertificate, ...ParsedCertificate[]]
  readonly key: KeyObject
}
