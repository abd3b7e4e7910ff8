import type { PeerIdentity } from '@peerkit/identity'
import { refused } from '../errors.ts'
import type { CheckOptions } from '../check-options.ts'
import { hasIssued, parseCertificate } from './parsed-certificate.ts'
import type { ParsedCertificate } from './parsed-certificate.ts'

/**
 * What {@link checkOwnChain} looks at: our own certificates in order, whom we trust, and the intermediates that were
 * presented until now.
 */
export interface OwnChain { readonly certificates: readonly ParsedCertificate[], readonly anchors: readonly ParsedCertificate[], readonly presented: readonly PeerIdentity[] }

/**
 * Whether our own chain leads to one of our anchors. It need not: peers may trust other CAs than we do. But a file that
 * is cut off between two certificates parses well, so an intermediate that the last certificate names, and that was
 * presented until now, may not just be gone.
 *
 * @returns a warning, where there is one
 * @throws MTLS_ERR_CREDENTIALS_REFUSED
 */
export function checkOwnChain ({ certificates, anchors, presented }: OwnChain, where: string, chain: NonNullable<CheckOptions['chain']>): string | undefined {
  const last = certificates.at(-1) as ParsedCertificate
  if (chain === 'unchecked' || anchors.some((anchor) => anchor.identity.fingerprint256 === last.identity.fingerprint256 || hasIssued(anchor, last))) return undefined
  const lost = presented.map(parseCertificate).find((intermediate) => hasIssued(intermediate, last))
  if (lost !== undefined && lost.identity.fingerprint256 !== last.identity.fingerprint256) {
    throw refused('chain', where, `the chain ends at ${String(last.identity)}; expected its issuer ${String(lost.identity)} as well, which was there before`)
  }
  const what = `the chain ends at ${String(last.identity)}, issued by ${last.identity.issuer?.toString() ?? 'nobody known'}`
  if (chain === 'required') throw refused('chain', where, `${what}; expected it to lead to one of the CA certificates in ca`)
  return `${where}: ${what}, which is not in ca: peers must trust it on their own`
}
