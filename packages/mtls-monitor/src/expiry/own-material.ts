import { listCheckers } from '@peerkit/credentials'
import type { CredentialSource } from '@peerkit/credentials'
import type { ExpiringKind } from '@peerkit/events'
import { endOfValidity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import type { CrlIndex, RevocationChecker } from '@peerkit/revocation'

/** A certificate or CRL of this process that expires. */
export interface Ending {
  readonly what: Exclude<ExpiringKind, 'peer'>
  /** Identifies it. */
  readonly key: string
  readonly name: string
  readonly issuer: string | undefined
  readonly serialNumber: string | undefined
  readonly fingerprint256: string | undefined
  /** For an anchor: its authority. */
  readonly authority: string | undefined
  readonly notBefore: number | undefined
  readonly notAfter: number
  /** The first moment at which it is no longer valid. */
  readonly end: number
}

/** A CA bundle may have all public CAs, and a checker a CRL for each. */
const MAX_ENDINGS = 1_000

/** The own chain, the trusted CAs and the CRLs. */
export function listEndings (
  credentials: CredentialSource | undefined,
  revocation?: RevocationChecker
): readonly Ending[] {
  const { identity, intermediates = [], authorities = [] } = credentials?.current ?? {}
  const own = identity === undefined ? [] : [identity, ...intermediates]
  const trusted = authorities.flatMap(({ name, anchors }) => anchors.map((each) => ofCertificate('anchor', each, name)))
  const all = [
    ...own.map((each) => ofCertificate('own', each)),
    ...trusted,
    ...listCrls(credentials, revocation).map(ofCrl)
  ]
  return all.slice(0, MAX_ENDINGS)
}

/** The CRLs of both checkers, if they expose them. Only the newest CRL of each kind is listed. */
export function listCrls (
  credentials: CredentialSource | undefined,
  revocation?: RevocationChecker
): readonly CrlIndex[] {
  const newest = new Map<string, CrlIndex>()
  for (const checker of [...(credentials === undefined ? [] : listCheckers(credentials.current)), revocation]) {
    for (const list of (checker as Partial<{ lists: readonly CrlIndex[] }> | undefined)?.lists ?? []) {
      const key = kindOf(list)
      if ((newest.get(key)?.thisUpdate ?? -Infinity) < list.thisUpdate) newest.set(key, list)
    }
  }
  return [...newest.values()]
}

/** Identifies CRLs that replace each other. */
function kindOf ({ issuerName, scope, isDelta, verifiedBy }: CrlIndex): string {
  return `${issuerName} ${scope.raw} ${isDelta ? 'delta' : 'complete'} ${verifiedBy?.publicKey256 ?? ''}`
}

function ofCertificate (what: 'own' | 'anchor', certificate: PeerIdentity, authority?: string): Ending {
  const { subject, issuer, serialNumber, fingerprint256, notBefore, notAfter = -Infinity, ...rest } = certificate
  const name = subject?.commonName ?? subject?.toString() ?? rest.spiffeId ?? 'unknown'
  return {
    what,
    key: `${what} ${fingerprint256 ?? name}`,
    name,
    issuer: issuer?.toString(),
    serialNumber,
    fingerprint256,
    authority,
    notBefore,
    notAfter,
    end: endOfValidity({ notAfter })
  }
}

function ofCrl (list: CrlIndex): Ending {
  const { issuer, issuerName, number, thisUpdate, nextUpdate } = list
  const name = issuer?.commonName ?? issuer?.toString() ?? issuerName
  return {
    what: 'crl',
    key: `crl ${kindOf(list)} ${thisUpdate}`,
    name,
    issuer: issuer?.toString(),
    serialNumber: number?.toString(16),
    fingerprint256: undefined,
    authority: undefined,
    notBefore: thisUpdate,
    notAfter: nextUpdate,
    end: nextUpdate
  }
}
