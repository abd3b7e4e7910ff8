import { X509Certificate } from 'node:crypto'
import { parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { createDevCa } from '@peerkit/dev-ca'
import type { DevCa, IssueOptions } from '@peerkit/dev-ca'

export const ca: DevCa = await createDevCa()

/** What a certificate of {@link ca} says, as the suite reads it and as Node does. */
export async function issueAndRead (
  options: IssueOptions
): Promise<{ peer: PeerIdentity, node: X509Certificate, der: Uint8Array, octets: string }> {
  const { cert, der } = await ca.issue(options)
  return {
    peer: parsePeerIdentity(der), node: new X509Certificate(cert), der, octets: Buffer.from(der).toString('hex')
  }
}

/** Whether a certificate names an issuer and is signed by its key. */
export function isIssuedBy (pem: string, issuerPem: string): boolean {
  const certificate = new X509Certificate(pem)
  const issuer = new X509Certificate(issuerPem)
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}

/** DER of an OID, as hexadecimal, for looking into certificates. */
export function hexOf (text: string): string {
  return Buffer.from(text).toString('hex')
}
