import type { PeerIdentity } from '@peerkit/identity'
import { refused } from '../errors.ts'
import type { CheckOptions } from '../check-options.ts'
import { hasIssued, parseCertificate } from './parsed-certificate.ts'
import type { ParsedCertificate } from './parsed-certificate.ts'

/** Our chain, the trust anchors, and the intermediates that were in use before. */
export interface OwnChain {
  /** The leaf first. */
  readonly certificates: readonly ParsedCertificate[]
  readonly anchors: readonly ParsedCertificate[]
  readonly presented: readonly PeerIdentity[]
}

/**
 * Checks whether our chain leads to one of our anchors. It need not: peers may trust other CAs than we do. But a file
 * that is cut off between two certificates is valid PEM. So an intermediate that was in use before, and that issued the
 * last certificate, must not be missing.
 *
 * @returns a warning, if there is one
 * @throws MTLS_ERR_CREDENTIALS_REFUSED
 */
export function checkOwnChain (
  { certificates, anchors, presented }: OwnChain, where: string, chain: NonNullable<CheckOptions['chain']>
): string | undefined {
  const last = certificates.at(-1) as ParsedCertificate
  const isAnchored = (): boolean => anchors.some((anchor) => isSame(anchor, last) || hasIssued(anchor, last))
  if (chain === 'unchecked' || isAnchored()) return undefined
  const lost = presented.map(parseCertificate).find((intermediate) => hasIssued(intermediate, last))
  const end = `the chain ends at ${String(last.identity)}`
  if (lost !== undefined && !isSame(lost, last)) {
    throw refused(
      'bad_chain', where, `${end}; expected its issuer ${String(lost.identity)} too, which was there before`
    )
  }
  const what = `${end}, issued by ${last.identity.issuer?.toString() ?? 'an unknown issuer'}`
  if (chain === 'required') throw refused('bad_chain', where, `${what}; expected it to lead to a CA certificate in ca`)
  return `${where}: ${what}${describeMissing(anchors, last)}; peers must trust that CA themselves`
}

/** A CA that was made again has its old name and another key, which reads as if it were the same CA. */
function describeMissing (anchors: readonly ParsedCertificate[], last: ParsedCertificate): string {
  const issuer = last.identity.issuer?.toString()
  const namesake = anchors.find(({ identity }) => identity.subject?.toString() === issuer)
  return namesake === undefined
    ? ', which is not in ca'
    : ', but the CA of that name in ca has another key (the CA was made again, or this is an older certificate)'
}

function isSame (one: ParsedCertificate, other: ParsedCertificate): boolean {
  return one.identity.fingerprint256 === other.identity.fingerprint256
}
