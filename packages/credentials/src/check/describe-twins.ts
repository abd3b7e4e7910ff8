import { nameKey, rdnKeys } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { EXTENSION, readCertificate } from '@peerkit/identity/x509'

/**
 * Warns of CAs that have one name, different keys, and not all a subject key identifier. OpenSSL chooses an issuer by
 * name and key identifier, not by signature. So in the handshake it takes the first of them, and rejects the
 * certificates of the others (RFC 5280 section 4.2.1.2 requires the identifier in every CA certificate).
 *
 * @param anchors all trusted CAs, and where each is from
 */
export function describeTwins (
  anchors: ReadonlyArray<{ readonly identity: PeerIdentity, readonly where: string }>
): string[] {
  const byName = new Map<string, Array<typeof anchors[number]>>()
  for (const anchor of anchors) {
    const { subject } = anchor.identity
    if (subject === undefined) continue
    const key = nameKey(rdnKeys(subject))
    byName.set(key, [...byName.get(key) ?? [], anchor])
  }
  return [...byName.values()].flatMap((twins) => {
    const keys = new Set(twins.map(({ identity }) => identity.publicKey256))
    const bare = twins.find(({ identity }) => !hasKeyIdentifier(identity))
    if (keys.size < 2 || bare === undefined) return []
    const { identity } = bare
    const found =
      `${keys.size} CAs have the name ${String(identity.subject)}, and ${String(identity)} has no key identifier`
    const effect = 'OpenSSL takes the first of them and rejects the certificates of the others'
    return [`${bare.where}: ${found}; ${effect}: issue it again with subjectKeyIdentifier, or keep one`]
  })
}

function hasKeyIdentifier ({ raw }: PeerIdentity): boolean {
  return raw !== undefined && readCertificate(raw).extensions.has(EXTENSION.subjectKeyIdentifier)
}
