import { parsePeerIdentity, type PeerIdentity } from '@peerkit/identity'
import { crlChecker, parseCrl, type CrlChecker } from '@peerkit/revocation'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** CRLs that are not named after the CA's certificate. */
const CRLS: Readonly<Record<string, readonly string[]>> = {
  NameOrderingCACert: ['NameOrderCACRL'],
  TwoCRLsCACert: ['TwoCRLsCABadCRL', 'TwoCRLsCAGoodCRL'],
  SeparateCertificateandCRLKeysCertificateSigningCACert: ['SeparateCertificateandCRLKeysCRL'],
  SeparateCertificateandCRLKeysCA2CertificateSigningCACert: ['SeparateCertificateandCRLKeysCA2CRL'],
  BasicSelfIssuedOldKeyCACert: ['BasicSelfIssuedOldKeyCACRL', 'BasicSelfIssuedOldKeySelfIssuedCertCRL'],
  BasicSelfIssuedCRLSigningKeyCACert: ['BasicSelfIssuedCRLSigningKeyCACRL', 'BasicSelfIssuedCRLSigningKeyCRLCertCRL'],
  PoliciesP123subsubCAP12P2Cert: ['PoliciesP123subsubCAP2P2CRL'],
  deltaCRLCA1Cert: ['deltaCRLCA1CRL', 'deltaCRLCA1deltaCRL'],
  deltaCRLCA2Cert: ['deltaCRLCA2CRL', 'deltaCRLCA2deltaCRL'],
  deltaCRLCA3Cert: ['deltaCRLCA3CRL', 'deltaCRLCA3deltaCRL'],
  onlySomeReasonsCA1Cert: ['onlySomeReasonsCA1compromiseCRL', 'onlySomeReasonsCA1otherreasonsCRL'],
  onlySomeReasonsCA2Cert: ['onlySomeReasonsCA2CRL1', 'onlySomeReasonsCA2CRL2'],
  onlySomeReasonsCA3Cert: ['onlySomeReasonsCA3compromiseCRL', 'onlySomeReasonsCA3otherreasonsCRL'],
  onlySomeReasonsCA4Cert: ['onlySomeReasonsCA4compromiseCRL', 'onlySomeReasonsCA4otherreasonsCRL'],
  indirectCRLCA2Cert: ['indirectCRLCA1CRL'],
  indirectCRLCA3Cert: ['indirectCRLCA3CRL', 'indirectCRLCA3cRLIssuerCRL'],
  indirectCRLCA4Cert: ['indirectCRLCA4cRLIssuerCRL'],
  indirectCRLCA6Cert: ['indirectCRLCA5CRL']
}

/** Certificates that sign CRLs alone, and stand in no path. */
const SIGNERS: Readonly<Record<string, readonly string[]>> = {
  SeparateCertificateandCRLKeysCertificateSigningCACert: ['SeparateCertificateandCRLKeysCRLSigningCert'],
  SeparateCertificateandCRLKeysCA2CertificateSigningCACert: ['SeparateCertificateandCRLKeysCA2CRLSigningCert'],
  indirectCRLCA2Cert: ['indirectCRLCA1Cert'],
  indirectCRLCA3Cert: ['indirectCRLCA3cRLIssuerCert'],
  indirectCRLCA4Cert: ['indirectCRLCA4cRLIssuerCert'],
  indirectCRLCA6Cert: ['indirectCRLCA5Cert']
}

/** The CRLs of the CAs of a path behind one checker. A CRL that is refused is left out, as if there were none. */
export function readChecker (folder: string, path: readonly string[], now: () => number): CrlChecker {
  const certificates = [...path, ...path.flatMap((name) => SIGNERS[name] ?? [])]
  const issuers = certificates.flatMap((name) => readable(() => parsePeerIdentity(readFileSync(join(folder, 'certs', `${name}.crt`)))))
  const files = path.flatMap((name) => CRLS[name] ?? [`${name.replace(/(?:CA)?Cert(?:ificate)?$/, (end) => end.startsWith('CA') ? 'CA' : '')}CRL`])
  const paths = files.map((name) => join(folder, 'crls', `${name}.crl`)).filter((file) => existsSync(file))
  const crls = paths.flatMap((file) => readable(() => parseCrl(readFileSync(file), { issuers })))
  // Delta CRLs that fit no base refuse all lists; then there are none.
  return readable(() => crlChecker({ crls, issuers, now }))[0] ?? crlChecker({ crls: [], issuers, now })
}

function readable<T extends PeerIdentity | object> (read: () => T): readonly T[] {
  try {
    return [read()]
  } catch {
    return []
  }
}
