import type { KeyObject } from 'node:crypto'
import { refused } from '../errors.ts'
import type { Origins } from '../material.ts'
import type { ParsedCertificate } from './parsed-certificate.ts'

/** The key must belong to the leaf certificate. @throws MTLS_ERR_CREDENTIALS_REFUSED */
export function checkKeyFit (leaf: ParsedCertificate, key: KeyObject, origins: Origins): void {
  if (leaf.x509.checkPrivateKey(key)) return
  const hint = leaf.identity.isCa === true ? ', a CA certificate (the leaf must come first)' : ''
  const found = `found a key of type ${key.asymmetricKeyType ?? 'unknown'}`
  const expected = `expected the key of ${String(leaf.identity)}${hint} from ${origins.cert}`
  throw refused('key_mismatch', origins.key, `the key does not belong to the certificate; ${found}; ${expected}`)
}
