import type { PeerIdentity } from '@peerkit/identity'
import { EXTENSION, KEY_USAGE, readCertificate, readKeyUsage } from '@peerkit/identity/x509'

/**
 * TLS 1.3 requires digitalSignature in a keyUsage extension (RFC 8446 section 4.4.2.2). Not every peer checks it, so
 * its absence is a warning.
 *
 * @returns the warning, if there is one
 */
export function checkKeyUsage (leaf: PeerIdentity, where: string): string | undefined {
  const usage = readCertificate(leaf.raw ?? new Uint8Array()).extensions.get(EXTENSION.keyUsage)
  if (usage === undefined || (readKeyUsage(usage.value) & KEY_USAGE.digitalSignature) !== 0) return undefined
  return `${where}: the key usage of ${String(leaf)} lacks digitalSignature; peers may refuse it in TLS 1.3`
}
