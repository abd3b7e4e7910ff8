import { encodePem } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import type { CrlChecker } from '@peerkit/revocation'
import { checkAnchors } from './check-anchors.ts'
import { checkOwn } from './check-own.ts'
import type { CredentialSnapshot } from './credential-snapshot.ts'
import { refused } from './errors.ts'
import { listOf } from './material.ts'
import type { CheckOptions, CredentialMaterial, Origins } from './material.ts'
import { readCertificates } from './read-certificates.ts'
import { readKey } from './read-key.ts'

/** Material that passed every check, before it is counted as a snapshot. */
export interface CheckedMaterial {
  readonly certificates: readonly PeerIdentity[]
  /** PKCS#8 PEM, decrypted. */
  readonly key: string
  readonly anchors: readonly PeerIdentity[]
  /** Identifies the anchors and CRLs: as long as it stays the same, so does the trust. */
  readonly trust: string
}

/** Checks material whole; nothing is taken of it where one part is refused. @throws MTLS_ERR_CREDENTIALS_REFUSED */
export function checkMaterial (material: CredentialMaterial, origins: Origins, options: CheckOptions): CheckedMaterial {
  const certificates = readCertificates(material.cert, origins.cert)
  const key = readKey(material.key ?? material.cert, material.key === undefined ? origins.cert : origins.key, options.passphrase)
  checkOwn(certificates, key, origins, options)
  const bundle = listOf(material.ca)
  if (bundle.length === 0) throw refused('no_anchor', origins.ca, 'expected at least one CA certificate, found none')
  const anchors = checkAnchors(bundle.flatMap((text) => readCertificates(text, origins.ca)), origins.ca, (options.now ?? Date.now)())
  const crls = listOf(material.crl).map((crl) => typeof crl === 'string' ? crl : Buffer.from(crl).toString('base64'))
  const trust = JSON.stringify([anchors.map(({ fingerprint256 }) => fingerprint256).sort(), crls])
  return { certificates, key: key.export({ type: 'pkcs8', format: 'pem' }) as string, anchors, trust }
}

/** Freezes checked material as the snapshot that follows `previous`. */
export function createSnapshot (checked: CheckedMaterial, revocation: CrlChecker | undefined, previous: CredentialSnapshot | undefined, trustChanged: boolean): CredentialSnapshot {
  const { certificates, key, anchors } = checked
  const [identity, ...intermediates] = certificates
  if (identity === undefined) throw new TypeError('checked material without a leaf')
  const pem = (certificate: PeerIdentity): string => encodePem(certificate.raw ?? new Uint8Array())
  const snapshot = {
    generation: (previous?.generation ?? 0) + 1,
    trustEpoch: (previous?.trustEpoch ?? 0) + (trustChanged ? 1 : 0),
    cert: certificates.map(pem).join(''),
    ca: Object.freeze(anchors.map(pem)),
    identity,
    intermediates: Object.freeze(intermediates),
    anchors: Object.freeze([...anchors]),
    notAfter: Math.min(...certificates.map(({ notAfter = -Infinity }) => notAfter)),
    revocation
  }
  return Object.freeze(Object.defineProperty(snapshot, 'key', { value: key, enumerable: false })) as CredentialSnapshot
}
