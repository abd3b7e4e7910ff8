import { endOfValidity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { clip } from '@peerkit/identity/internal'
import { listRuleEnds } from '../access/rule-ends.ts'
import type { ConsoleState } from '../console-state.ts'
import { describeAuthority, findAnchor, findAuthority, findFormerAnchor, hasNamedAuthorities } from './authorities.ts'
import type { NamedClient, ShownAuthority } from './authorities.ts'
import { findCrls, showCrl } from './crls.ts'
import type { ShownCrl } from './crls.ts'
import type { FormerAnchor, Turn } from './rotation-history.ts'
import { nameCertificate, showCertificate } from './show-certificate.ts'
import type { ShownCertificate } from './show-certificate.ts'
import { MAX_TEXT, gatherSource } from './source-facts.ts'
import type { ShownSource } from './source-facts.ts'

/** A trusted CA and its clients. */
export interface ShownAnchor {
  readonly certificate: ShownCertificate
  /** The name of the authority that has it. */
  readonly authority: string
  readonly clients: readonly NamedClient[]
}

/** A removed CA, and attempts with its certificates since then. */
export interface ShownFormerAnchor {
  readonly certificate: ShownCertificate
  readonly authority: string
  readonly removedAt: number
  /** Clients that were seen while it was trusted. */
  readonly clients: ShownAnchor['clients']
  /** Refused handshakes and closed connections in the log. */
  readonly attempts: number
  readonly lastAttempt: number | undefined
}

/** The certificate of the service and the trusted CAs. */
export interface TrustFacts {
  readonly generation: number
  readonly trustEpoch: number
  readonly identity: ShownCertificate
  readonly intermediates: readonly ShownCertificate[]
  /** The PKCS#11 URI of the private key, without a PIN. Undefined if the key is not in a token. */
  readonly keyUri: string | undefined
  /** When the first certificate of the own chain expires. */
  readonly notAfter: number
  readonly warnings: readonly string[]
  /** Where the credentials come from. Undefined if the source does not tell. */
  readonly source: ShownSource | undefined
  /** Whether authorities are shown. A single authority without limits is not. */
  readonly hasNamedAuthorities: boolean
  readonly authorities: readonly ShownAuthority[]
  readonly anchors: readonly ShownAnchor[]
  /** The number of clients whose CA is not known. */
  readonly unplaced: number
  readonly formerAnchors: readonly ShownFormerAnchor[]
  /** Undefined without a checker. */
  readonly crls: readonly ShownCrl[] | undefined
  readonly turns: readonly Turn[]
}

export function gatherTrust (state: ConsoleState): TrustFacts {
  const { current } = state.credentials
  const formers = state.rotations.formerAnchors()
  const clients = state.collector.clients.list().map(({ key, identity, lastSeen }) => ({
    shown: { key, name: nameCertificate(identity), lastSeen },
    anchor: findAnchor(identity, current) ?? findFormerAnchor(identity, current, formers),
    authority: findAuthority(identity, current)
  }))
  const clientsOf = (anchor: PeerIdentity): readonly NamedClient[] => {
    return clients.filter((one) => one.anchor === anchor).map(({ shown }) => shown)
  }
  return {
    generation: current.generation,
    trustEpoch: current.trustEpoch,
    identity: showCertificate(current.identity),
    intermediates: current.intermediates.map(showCertificate),
    keyUri: current.opaqueKey && clip(current.opaqueKey.uri, MAX_TEXT),
    notAfter: current.notAfter,
    warnings: current.warnings,
    source: gatherSource(state),
    hasNamedAuthorities: hasNamedAuthorities(current),
    authorities: current.authorities.map((authority) => {
      const own = clients.filter((one) => one.authority === authority)
      return describeAuthority(authority, own.map(({ shown }) => shown))
    }),
    anchors: current.authorities.flatMap(({ name: authority, anchors }) => anchors.map((anchor) => ({
      certificate: showCertificate(anchor), authority, clients: clientsOf(anchor)
    }))),
    unplaced: clients.filter(({ anchor }) => anchor === undefined).length,
    formerAnchors: formers.map((former) => ({ ...describeFormer(former, state), clients: clientsOf(former.identity) })),
    crls: findCrls(state)?.map(showCrl),
    turns: state.rotations.list()
  }
}

function describeFormer (former: FormerAnchor, { collector }: ConsoleState): Omit<ShownFormerAnchor, 'clients'> {
  const { identity, authority, removedAt } = former
  const name = identity.subject?.toString()
  const attempts = collector.log.list().filter(({ kind, issuer, last }) => (kind === 'handshake' || kind === 'ended') &&
    issuer === name &&
    last >= removedAt)
  const total = attempts.reduce((sum, { count }) => sum + count, 0)
  const certificate = showCertificate(identity)
  return { certificate, authority, removedAt, attempts: total, lastAttempt: attempts[0]?.last }
}

/** A certificate, a CRL or a rule with its end. */
export interface End {
  readonly what: 'own certificate' | 'own intermediate' | 'trusted CA' | 'CRL' | 'client' | 'server' | 'rule'
  readonly name: string
  readonly fingerprint256: string | undefined
  /** Milliseconds since the epoch. */
  readonly notAfter: number
  /** The first moment at which it is no longer valid. */
  readonly end: number
}

/**
 * Expiry dates of the own chain, CAs, CRLs, and of clients and servers seen since the start, and the ends of rules, the
 * soonest first.
 */
export function listEnds (state: ConsoleState): End[] {
  const { identity, intermediates, anchors } = state.credentials.current
  const certificates = [
    { what: 'own certificate' as const, identity },
    ...intermediates.map((one) => ({ what: 'own intermediate' as const, identity: one })),
    ...anchors.map((one) => ({ what: 'trusted CA' as const, identity: one })),
    ...state.collector.clients.list().map((one) => ({ what: 'client' as const, identity: one.identity })),
    ...state.collector.servers.list().flatMap((one) => one.identity === undefined
      ? []
      : [{ what: 'server' as const, identity: one.identity }])
  ]
  const ends = certificates.flatMap(({ what, identity }): End[] => {
    const { fingerprint256, notAfter } = identity
    if (notAfter === undefined) return []
    return [{ what, name: nameCertificate(identity), fingerprint256, notAfter, end: endOfValidity(identity) }]
  })
  const lists = (findCrls(state) ?? []).map(showCrl).map(({ issuer, nextUpdate }): End => (
    { what: 'CRL', name: `CRL of ${issuer}`, fingerprint256: undefined, notAfter: nextUpdate, end: nextUpdate }
  ))
  return [...ends, ...lists, ...listRuleEnds(state)].sort((a, b) => a.end - b.end)
}
