import type { SecureContextOptions } from 'node:tls'
import { vouchesFor } from './authority/authorities-of.ts'
import type { CredentialSnapshot } from './credential-snapshot.ts'
import { encodePem } from '@peerkit/identity'

/** The options that a snapshot sets. */
export interface SnapshotContextOptions extends SecureContextOptions {
  cert: string
  key: string
  ca: string[]
}

/**
 * The snapshot as options of `tls.createSecureContext` and `server.setSecureContext`: always all of them, since what is left out there is replaced by a default
 * that trusts the public roots. Never `crl`: OpenSSL then wants one for every CA and keeps it until the next context.
 *
 * OpenSSL does not know authorities. With these options alone, every CA is trusted for every name. `createTrustEvaluator`
 * checks the authorities and their names.
 *
 * @param side the authorities of which side; default: all
 */
export function secureContextOptions (snapshot: CredentialSnapshot, side?: 'clients' | 'servers'): SnapshotContextOptions {
  const { cert, key, authorities, intermediateCas } = snapshot
  const chosen = side === undefined ? authorities : authorities.filter((authority) => vouchesFor(authority, side))
  // Without any CA Node would trust the public roots. No authority of this side accepts anybody, whatever OpenSSL says.
  const ca = (chosen.length === 0 ? authorities : chosen).flatMap(({ anchors }) => anchors.map((anchor) => encodePem(anchor.raw ?? new Uint8Array())))
  // OpenSSL ends no path at a certificate that is not self-signed, so intermediates are trusted for nothing by themselves. Where an authority wants partial
  // paths it does, and the evaluator is who knows better.
  const partial = chosen.some((authority) => authority.partial)
  return { cert, key, ca: [...ca, ...intermediateCas], ...(partial && { allowPartialTrustChain: true }) }
}
