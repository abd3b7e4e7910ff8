import type { KeyObject } from 'node:crypto'
import type { ParsedCertificate } from './check/parsed-certificate.ts'

/** What we present: the leaf first, then its intermediates. */
export interface OwnCredentials { readonly certificates: readonly [ParsedCertificate, ...ParsedCertificate[]], readonly key: KeyObject }
