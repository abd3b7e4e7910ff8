import { endOfValidity } from '@peerkit/identity'
import { listCheckers } from '@peerkit/credentials'
import type { CredentialSource } from '@peerkit/credentials'
import type { ExpiringKind } from '@peerkit/events'
import type { PeerIdentity } from '@peerkit/identity'
import type { CrlIndex, RevocationChecker } from '@peerkit/revocation'

/** Something of ours that ends. */
export interface Ending {
  readonly what: Exclude<ExpiringKind, 'peer'>
  /** Tells it from all others. */
  readonly key: string
  readonly name: string
  readonly issuer: string | undefined
  readonly serialNumber: string | undefined
  readonly fingerprint256: string | undefined
  /** Of an anchor, whose CA it is. */
  readonly authority: string | undefined
  readonly notBefore: number | undefined
  readonly notAfter: number
  /** The first moment in which it no longer counts. */
  readonly end: number
}

/** A bundle of CAs may be the whole web's; a checker may hold a list for each. */
const MAX_ENDINGS = 1_000

/** What ends: our own chain, the CAs that we trust, and the CRLs that are held. */
export function listEndings (credentials: CredentialSource | undefined, revocation?: RevocationChecker): readonly Ending[] {
  const { identity, intermediates = [], authorities = [] } = credentials?.current ?? {}
  const own = identity === undefined ? [] : [identity, ...intermediates]
  const trusted = authorities.flatMap(({ name, anchors }) => anchors.map((each) => ofCertificate('anchor', each, name)))
  const all = [...own.map((each) => ofCertificate('own', each)), ...trusted, ...listCrls(credentials, revocation).map(ofCrl)]
  return all.slice(0, MAX_ENDINGS)
}

/** The CRLs of the credentials' own checker and of another, as far as they show them. An older list beside a newer one of the same kind no longer counts. */
export function listCrls (credentials: CredentialSource | undefined, revocation?: RevocationChecker): readonly CrlIndex[] {
  const newest = new Map<string, CrlIndex>()
  for (const checker of [...(credentials === undefined ? [] : listCheckers(credentials.current)), revocation]) {
    for (const list of (checker as Partial<{ lists: readonly CrlIndex[] }> | undefined)?.lists ?? []) {
      const key = kindOf(list)
      if ((newest.get(key)?.thisUpdate ?? -Infinity) < list.thisUpdate) newest.set(key, list)
    }
  }
  return [...newest.values()]
}

/** What tells apart lists that stand beside each other. */
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
