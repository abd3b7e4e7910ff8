import type { CredentialSnapshot } from '@peerkit/credentials'
import type { PeerIdentity } from '@peerkit/identity'
import { clip } from '../collect/clip.ts'
import { climbToAnchor } from './find-anchor.ts'

/** One thing that the handshake would look at. */
export interface Check {
  readonly name: string
  /** Undefined where it cannot be told here. */
  readonly holds: boolean | undefined
  readonly note: string
}

export interface HandshakeForecast {
  /** Undefined where a check cannot be told here. */
  readonly accepted: boolean | undefined
  readonly checks: readonly Check[]
}

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'

/**
 * What the handshake would probably say to a certificate. OpenSSL judges the real one and looks at more: constraints of names and paths, key usage, key sizes.
 *
 * @param sent what was pasted beside the leaf
 */
export async function foretellHandshake (leaf: PeerIdentity, sent: readonly PeerIdentity[], snapshot: CredentialSnapshot, now: number): Promise<HandshakeForecast> {
  const { anchor, path } = climbToAnchor(leaf, snapshot.anchors, [...sent, ...snapshot.intermediates])
  const checks = [
    checkTime(leaf, path, now),
    { name: 'Issuer', holds: anchor !== undefined, note: anchor === undefined ? 'leads to no CA in force; a missing intermediate looks the same' : `leads to ${String(anchor)}` },
    checkUse(leaf),
    await checkRevocation(leaf, path[0], snapshot)
  ]
  const accepted = checks.some(({ holds }) => holds === false) ? false : checks.some(({ holds }) => holds === undefined) ? undefined : true
  return { accepted, checks }
}

function checkTime (leaf: PeerIdentity, path: readonly PeerIdentity[], now: number): Check {
  const name = 'Time'
  for (const certificate of [leaf, ...path]) {
    const whose = certificate === leaf ? 'the certificate' : `its CA ${String(certificate)}`
    if (now >= (certificate.notAfter ?? -Infinity)) return { name, holds: false, note: `${whose} has ended` }
    if (now < (certificate.notBefore ?? Infinity)) return { name, holds: false, note: `${whose} is not valid yet` }
  }
  return { name, holds: true, note: 'valid now' }
}

function checkUse ({ extendedKeyUsage = [], isCa }: PeerIdentity): Check {
  const name = 'Use'
  if (isCa === true) return { name, holds: false, note: 'it is a CA, which is taken for no client' }
  const holds = extendedKeyUsage.length === 0 || extendedKeyUsage.includes(CLIENT_AUTH)
  return { name, holds, note: holds ? 'may be used by clients' : 'its extended key usage does not name clientAuth' }
}

async function checkRevocation (leaf: PeerIdentity, issuer: PeerIdentity | undefined, { revocation }: CredentialSnapshot): Promise<Check> {
  const name = 'Revocation'
  if (revocation === undefined) return { name, holds: true, note: 'the credentials have no CRL; a checker of the server itself is not asked here' }
  const status = await revocation.check(leaf, issuer)
  const note = status.state === 'unknown' ? `not known (${clip(status.why)})` : status.state === 'revoked' ? `revoked${status.reason === undefined ? '' : ` (${status.reason})`}` : 'not revoked'
  return { name, holds: revocation.permits(status, leaf), note }
}
