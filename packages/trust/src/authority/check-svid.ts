import { isSpiffe, parseSpiffeId } from '@peerkit/identity'
import type { SpiffeId } from '@peerkit/identity'
import { KEY_USAGE } from '@peerkit/identity/x509'
import { allowsPurpose } from '../certificate/find-flaw.ts'
import type { Certificate } from '../certificate/certificate.ts'
import { blame } from '../refusal.ts'
import type { PathRefused } from '../refusal.ts'
import type { LoadedAuthority } from './load-authority.ts'

/**
 * Checks a path by the rules for X.509-SVIDs (SPIFFE X509-SVID sections 3 to 5). `spiffeId` of the leaf is set only
 * if it has exactly one URI, that is a SPIFFE ID with a path, and the leaf may sign neither certificates nor CRLs.
 *
 * Whether keyUsage is marked critical is not asked: it tells software that does not know the extension to refuse it.
 *
 * The standard lets a CA issue certificates of another trust domain. But where trust domains share a root, the CA of
 * one could then issue IDs of another. So an intermediate that says its trust domain issues for that one alone. The
 * anchor is not asked: the bundle says for which trust domain it stands.
 *
 * @param path the leaf first, the anchor last
 */
export function checkSvid ({ name }: LoadedAuthority, path: readonly Certificate[]): PathRefused | undefined {
  const [leaf, ...signers] = path as [Certificate, ...Certificate[]]
  const { spiffeId } = leaf.identity
  if (spiffeId === undefined) {
    const fault = `is not an X.509-SVID, and authority "${name}" accepts no others: it ${describeOther(leaf)}`
    return blame(leaf, 'outside_authority', fault)
  }
  const flaw = findLeafFault(leaf)
  if (flaw !== undefined) return blame(leaf, 'wrong_purpose', `${flaw}, as an X.509-SVID must`)
  const { trustDomain } = parseSpiffeId(spiffeId)
  for (const [index, signer] of signers.entries()) {
    const fault = findFault(signer, index === signers.length - 1 ? undefined : trustDomain)
    if (fault !== undefined) return blame(signer, 'outside_authority', fault)
  }
  return undefined
}

/** Why a leaf has no SPIFFE ID. */
function describeOther ({ identity, basicConstraints, keyUsage = 0 }: Certificate): string {
  const uris = identity.subjectAltNames?.uri ?? []
  if (basicConstraints?.ca === true) return 'is a CA'
  if ((keyUsage & KEY_USAGE.keyCertSign) !== 0) return 'has keyCertSign'
  if ((keyUsage & KEY_USAGE.cRLSign) !== 0) return 'has cRLSign'
  if (uris.length !== 1) return uris.length === 0 ? 'has no URI' : `has ${uris.length} URIs`
  return `has the URI ${JSON.stringify(uris[0]?.slice(0, 100))}, which is not a SPIFFE ID with a path`
}

/** Sections 4.3 and 4.4. */
function findLeafFault (leaf: Certificate): string | undefined {
  const { keyUsage } = leaf
  if (keyUsage === undefined) return 'has no keyUsage'
  if ((keyUsage & KEY_USAGE.digitalSignature) === 0) return 'does not allow digitalSignature by its keyUsage'
  const other = (['clientAuth', 'serverAuth'] as const).find((purpose) => !allowsPurpose(leaf, purpose))
  return other === undefined ? undefined : `does not allow ${other} too by its extendedKeyUsage`
}

/** @param trustDomain that of the leaf; undefined for an anchor */
function findFault ({ identity, keyUsage }: Certificate, trustDomain: string | undefined): string | undefined {
  const uris = identity.subjectAltNames?.uri ?? []
  const uri = uris.find(isSpiffe)
  if (uri === undefined) return undefined
  const shown = JSON.stringify(uri.slice(0, 100))
  if (uris.length > 1) return `is a CA with the SPIFFE ID ${shown} and another URI`
  const id = readId(uri)
  if (id === undefined) return `is a CA with the URI ${shown}, which is not a SPIFFE ID`
  if (id.path !== '') return `is a CA with the SPIFFE ID ${shown}, which has a path`
  if (keyUsage === undefined) return `is a CA with the SPIFFE ID ${shown}, and has no keyUsage`
  if (trustDomain === undefined || id.trustDomain === trustDomain) return undefined
  return `is a CA of the trust domain "${id.trustDomain.slice(0, 100)}", and issued for "${trustDomain.slice(0, 100)}"`
}

function readId (uri: string): SpiffeId | undefined {
  try {
    return parseSpiffeId(uri)
  } catch {
    return undefined
  }
}
