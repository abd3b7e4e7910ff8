import { isSpiffe, parseSpiffeId } from '@peerkit/identity'
import type { SpiffeId } from '@peerkit/identity'
import type { Certificate } from '../certificate/certificate.ts'
import { blame } from '../refusal.ts'
import type { PathRefused } from '../refusal.ts'
import type { LoadedAuthority } from './load-authority.ts'

/**
 * Checks a path by the rules for X.509-SVIDs (SPIFFE X509-SVID sections 3 and 5.2). `spiffeId` of the leaf is set only
 * if it has exactly one URI, that is a SPIFFE ID with a path, and the leaf may sign neither certificates nor CRLs.
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
    return blame(leaf, 'outside_authority', `is not an X.509-SVID, and authority "${name}" accepts no others`)
  }
  const { trustDomain } = parseSpiffeId(spiffeId)
  for (const [index, signer] of signers.entries()) {
    const fault = findFault(signer, index === signers.length - 1 ? undefined : trustDomain)
    if (fault !== undefined) return blame(signer, 'outside_authority', fault)
  }
  return undefined
}

/** @param trustDomain that of the leaf; undefined for an anchor */
function findFault ({ identity }: Certificate, trustDomain: string | undefined): string | undefined {
  const uris = identity.subjectAltNames?.uri ?? []
  const uri = uris.find(isSpiffe)
  if (uri === undefined) return undefined
  const shown = JSON.stringify(uri.slice(0, 100))
  if (uris.length > 1) return `is a CA with the SPIFFE ID ${shown} and another URI`
  const id = readId(uri)
  if (id === undefined) return `is a CA with the URI ${shown}, which is not a SPIFFE ID`
  if (id.path !== '') return `is a CA with the SPIFFE ID ${shown}, which has a path`
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
