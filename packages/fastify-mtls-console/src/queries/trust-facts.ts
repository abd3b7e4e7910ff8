import { checkersOf } from '@peerkit/credentials'
import type { PeerIdentity } from '@peerkit/identity'
import type { FormerAnchor, Turn } from '../collect/rotation-history.ts'
import type { ConsoleState } from './console-state.ts'
import { describeAuthority } from './describe-authority.ts'
import type { ShownAuthority } from './describe-authority.ts'
import { findAnchor, findFormerAnchor } from './find-anchor.ts'
import { findAuthority } from './find-authority.ts'
import { hasNamedAuthorities } from './named-authorities.ts'
import { nameCertificate, showCertificate } from './show-certificate.ts'
import type { ShownCertificate } from './show-certificate.ts'

/** A client in a list. */
export interface NamedClient { readonly key: string, readonly name: string, readonly lastSeen: number }

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

/** A CRL in force. */
export interface ShownCrl {
  readonly issuer: string
  readonly number: string | undefined
  readonly thisUpdate: number
  readonly nextUpdate: number
  readonly entries: number
  readonly isDelta: boolean
  /** The authority that it applies to. Undefined for a CRL of the server's checker, which applies to all. */
  readonly authority: string | undefined
}

/** The certificate of the service and the trusted CAs. */
export interface TrustFacts {
  readonly generation: number
  readonly trustEpoch: number
  readonly identity: ShownCertificate
  readonly intermediates: readonly ShownCertificate[]
  /** When the first certificate of the own chain expires. */
  readonly notAfter: number
  readonly warnings: readonly string[]
  /** Whether authorities are shown. A single authority without limits is not. */
  readonly hasNamedAuthorities: boolean
  readonly authorities: ReadonlyArray<ShownAuthority<NamedClient>>
  readonly anchors: readonly ShownAnchor[]
  /** The number of clients whose CA is not known. */
  readonly unplaced: number
  readonly formerAnchors: readonly ShownFormerAnchor[]
  /** Undefined without a checker. */
  readonly crls: readonly ShownCrl[] | undefined
  readonly turns: readonly Turn[]
}

interface CrlLike {
  readonly issuer?: { toString (): string } | undefined
  readonly number?: bigint | undefined
  readonly thisUpdate: number
  readonly nextUpdate: number
  readonly size: number
  readonly isDelta?: boolean
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
    notAfter: current.notAfter,
    warnings: current.warnings,
    hasNamedAuthorities: hasNamedAuthorities(current),
    authorities: current.authorities.map((authority) => {
      return describeAuthority(
        authority,
        clients.filter((one) => one.authority === authority).map(({ shown }) => shown)
      )
    }),
    anchors: current.authorities.flatMap(({ name: authority, anchors }) => anchors.map((anchor) => ({
      certificate: showCertificate(anchor), authority, clients: clientsOf(anchor)
    }))),
    unplaced: clients.filter(({ anchor }) => anchor === undefined).length,
    formerAnchors: formers.map((former) => ({ ...describeFormer(former, state), clients: clientsOf(former.identity) })),
    crls: listCrls(state),
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

/** The CRLs of checkers that expose them. Others, such as OCSP checkers, have none. */
function listCrls ({ credentials, revocation }: ConsoleState): readonly ShownCrl[] | undefined {
  const { authorities } = credentials.current
  const own = authorities.flatMap((authority) => {
    return checkersOf(authority).map((checker) => ({ authority: authority.name, checker }))
  })
  const all = [...own, ...(revocation === undefined ? [] : [{ authority: undefined, checker: revocation }])]
  if (all.length === 0) return undefined
  return all.flatMap(({ authority, checker }) => {
    const { lists = [] } = checker as { readonly lists?: readonly CrlLike[] }
    return lists.map((list) => showCrl(list, authority))
  })
}

function showCrl (list: CrlLike, authority: string | undefined): ShownCrl {
  const { number, thisUpdate, nextUpdate, size, isDelta = false } = list
  const issuer = list.issuer?.toString() ?? 'unknown'
  return { issuer, number: number?.toString(), thisUpdate, nextUpdate, entries: size, isDelta, authority }
}
