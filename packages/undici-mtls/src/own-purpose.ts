import type { CredentialSnapshot } from '@peerkit/credentials'

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'

/** Fingerprints that were reported. An app has few certificates of its own. */
const reported = new Set<string>()

/**
 * Warns about a client certificate that servers refuse, because its extended key usage lacks clientAuth. Since 2026
 * public CAs issue only such certificates for TLS. Warns once for each certificate.
 */
export function warnOfOwnPurpose ({ identity }: CredentialSnapshot): void {
  const { extendedKeyUsage = [], fingerprint256 = '' } = identity
  if (extendedKeyUsage.length === 0 || extendedKeyUsage.includes(CLIENT_AUTH) || reported.has(fingerprint256)) return
  reported.add(fingerprint256)
  const message = `The client certificate ${String(identity)} lacks clientAuth in its extended key usage: servers ` +
    'that check it refuse the connection. Use a certificate of a private CA (with the development CA: ' +
    'peerkit cert issue --profile both); ' +
    '`peerkit forecast` explains certificates of public CAs'
  process.emitWarning(message, { type: 'PeerkitWarning', code: 'MTLS_WARN_OWN_PURPOSE' })
}
