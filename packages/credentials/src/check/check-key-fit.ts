import type { KeyObject } from 'node:crypto'
import { refused } from '../errors.ts'
import type { Origins } from '../material.ts'
import type { ParsedCertificate } from './parsed-certificate.ts'

/** The key must be the one that the leaf was issued for. @throws MTLS_ERR_CREDENTIALS_REFUSED */
export function checkKeyFit (leaf: ParsedCertificate, key: KeyObject, origins: Origins): void {
  if (leaf.x509.checkPrivateKey(key)) return
  const found = leaf.identity.isCa === true ? `${String(leaf.identity)}, a CA certificate (the leaf must come first)` : String(leaf.identity)
  throw refused('key_mismatch', origins.key, `the key does not fit the certificate; found a key of type ${key.asymmetricKeyType ?? 'unknown'}; expected the one of ${found} from ${origins.cert}`)
}
