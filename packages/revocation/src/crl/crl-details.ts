import type { DistinguishedName, PeerIdentity } from '@peerkit/identity'
import { iso } from '@peerkit/identity/internal'
import { joinDetails, plainPart, plainText } from '../policy/revocation-status.ts'
import type { CrlIndex } from './crl-index.ts'
import { isCaCertificate, readDistributionPoints, urisOf } from './crl-scope.ts'

// Text that explains why no CRL applies to a certificate. Created once per list, or once per unknown certificate.

/** Maximum number of lists that are named. */
const MAX_NAMED = 2

/** There is no list with the issuer's name. */
export function describeMissing (issuer: DistinguishedName | undefined): string {
  return plainText(`no CRL of ${plainPart(issuer ?? 'an unknown issuer')} is loaded`)
}

/** There are lists with that name, but with another key. */
export function describeOtherKey (issuer: unknown): string {
  return plainText(`no CRL of ${plainPart(issuer)} by the key of its certificate is loaded, only by another key`)
}

export function describeEnded (list: CrlIndex): string {
  return plainText(`${nameList(list)} ended on ${iso(list.nextUpdate)}`)
}

export function describeEarly (list: CrlIndex): string {
  return plainText(`${nameList(list)} starts on ${iso(list.thisUpdate)}`)
}

/** Lists of the issuer that do not cover the certificate. */
export function describeOutOfScope (lists: readonly CrlIndex[], certificate: PeerIdentity): string | undefined {
  const rest = lists.length - MAX_NAMED
  const scopes = lists.slice(0, MAX_NAMED).map((list) => describeScope(list, certificate))
  return joinDetails([...scopes, rest > 0 ? `and ${rest} more` : undefined])
}

function describeScope (list: CrlIndex, certificate: PeerIdentity): string {
  const { only, distributionPoints } = list.scope
  const isCa = isCaCertificate(certificate)
  const who = `${nameList(list)} covers`
  if (only !== undefined && isCa !== (only === 'ca')) {
    const doubt = isCa === undefined ? '; it is not known whether this is one' : ''
    return plainText(only === 'ca' ? `${who} CA certificates only${doubt}` : `${who} no CA certificates${doubt}`)
  }
  const own = readDistributionPoints(certificate)
  const names = own.length === 0 ? 'none' : namePoints(own)
  const point = namePoints(distributionPoints ?? [])
  const scope = `only certificates that name its distribution point ${point}`
  return plainText(`${who} ${scope}; this certificate names ${names}`, 400)
}

function nameList ({ isDelta, issuer }: CrlIndex): string {
  return `the ${isDelta ? 'delta CRL' : 'CRL'} of ${plainPart(issuer)}`
}

function namePoints (names: readonly string[]): string {
  const uris = urisOf(names)
  const [first = 'without a URL'] = uris
  return `${plainPart(first)}${names.length > 1 ? ` and ${names.length - 1} more` : ''}`
}

/**
 * Emits a process warning for each list that has expired. A checker with such a list starts, because the list still
 * says which certificates are revoked. But all others of the CA are then refused, or permitted by a soft policy, and
 * nothing else would say why before the first client calls.
 *
 * @param told the lists that were told of before; new ones are added
 */
export function warnOfEnded (ended: readonly CrlIndex[], told: Set<string>): void {
  for (const list of ended) {
    const key = `${String(list.issuer)}/${list.number}/${list.thisUpdate}/${list.nextUpdate}`
    if (told.has(key)) continue
    told.add(key)
    process.emitWarning(
      `${describeEnded(list)}, before it was loaded: the status of certificates that it does not list is unknown. ` +
        'Load a current list',
      { type: 'PeerkitWarning', code: 'MTLS_WARN_CRL_ENDED' }
    )
  }
}
