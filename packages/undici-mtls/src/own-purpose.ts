import type { CredentialSnapshot } from '@peerkit/credentials'

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'

/** Fingerprints that were told. Own certificates are few. */
const told = new Set<string>()

/**
 * Warns before we present a certificate that servers refuse: one whose extended key usage lacks clientAuth. Public CAs issue no others for TLS since 2026. Once for each
 * certificate.
 */
export function warnOfOwnPurpose ({ identity }: CredentialSnapshot): void {
  const { extendedKeyUsage = [], fingerprint256 = '' } = identity
  if (extendedKeyUsage.length === 0 || extendedKeyUsage.includes(CLIENT_AUTH) || told.has(fingerprint256)) return
  told.add(fingerprint256)
  const message = `Our certificate ${String(identity)} lacks clientAuth in its extended key usage: servers that check it refuse us. Take one from a private CA; ` +
    'peerkit forecast says more about certificates of public CAs'
  process.emitWarning(message, { type: 'PeerkitWarning', code: 'MTLS_WARN_OWN_PURPOSE' })
}
