import { listCheckers } from '@peerkit/credentials'
import type { PeerIdentity } from '@peerkit/identity'
import type { FormerAnchor, Turn } from '../collect/rotation-history.ts'
import type { ConsoleState } from './console-state.ts'
import { findAnchor, findFormerAnchor } from './find-anchor.ts'
import { nameCertificate, showCertificate } from './show-certificate.ts'
import type { ShownCertificate } from './show-certificate.ts'

/** A CA in force, and who called with a certificate of it. */
export interface ShownAnchor {
  readonly certificate: ShownCertificate
  readonly clients: ReadonlyArray<{ readonly key: string, readonly name: string, readonly lastSeen: number }>
}

/** A CA that was in force once, and who tried with a certificate that names it since. */
export interface ShownFormerAnchor {
  readonly certificate: ShownCertificate
  readonly removedAt: number
  /** Seen with a certificate of it, while it was trusted. */
  readonly clients: ShownAnchor['clients']
  /** Refused handshakes and ended connections, as the log still has them. */
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
}

/** What the service presents and whom it trusts. */
export interface TrustFacts {
  readonly generation: number
  readonly trustEpoch: number
  readonly identity: ShownCertificate
  readonly intermediates: readonly ShownCertificate[]
  /** The first end of the own chain. */
  readonly notAfter: number
  readonly warnings: readonly string[]
  readonly anchors: readonly ShownAnchor[]
  /** Clients whose way to a CA is not known here. */
  readonly unplaced: number
  readonly formerAnchors: readonly ShownFormerAnchor[]
  /** Undefined where no checker is known here. */
  readonly crls: readonly ShownCrl[] | undefined
  readonly turns: readonly Turn[]
}

interface CrlLike { readonly issuer?: { toString (): string } | undefined, readonly number?: bigint | undefined, readonly thisUpdate: number, readonly nextUpdate: number, readonly size: number, readonly isDelta?: boolean }

export function gatherTrust (state: ConsoleState): TrustFacts {
  const { current } = state.credentials
  const formers = state.rotations.formerAnchors()
  const clients = state.collector.clients.list().map((client) => ({ client, anchor: findAnchor(client.identity, current) ?? findFormerAnchor(client.identity, current, formers) }))
  const clientsOf = (anchor: PeerIdentity): ShownAnchor['clients'] => clients.filter((one) => one.anchor === anchor).map(({ client: { key, identity, lastSeen } }) => ({ key, name: nameCertificate(identity), lastSeen }))
  return {
    generation: current.generation,
    trustEpoch: current.trustEpoch,
    identity: showCertificate(current.identity),
    intermediates: current.intermediates.map(showCertificate),
    notAfter: current.notAfter,
    warnings: current.warnings,
    anchors: current.anchors.map((anchor) => ({ certificate: showCertificate(anchor), clients: clientsOf(anchor) })),
    unplaced: clients.filter(({ anchor }) => anchor === undefined).length,
    formerAnchors: formers.map((former) => ({ ...describeFormer(former, state), clients: clientsOf(former.identity) })),
    crls: listCrls(state),
    turns: state.rotations.list()
  }
}

function describeFormer ({ identity, removedAt }: FormerAnchor, { collector }: ConsoleState): Omit<ShownFormerAnchor, 'clients'> {
  const name = identity.subject?.toString()
  const attempts = collector.log.list().filter(({ kind, issuer, last }) => (kind === 'handshake' || kind === 'ended') && issuer === name && last >= removedAt)
  return { certificate: showCertificate(identity), removedAt, attempts: attempts.reduce((sum, { count }) => sum + count, 0), lastAttempt: attempts[0]?.last }
}

/** A checker of CRLs says which it has; others (OCSP, a combination) have none to show. */
function listCrls ({ credentials, revocation }: ConsoleState): readonly ShownCrl[] | undefined {
  const checkers = [...listCheckers(credentials.current), revocation].filter((checker) => checker !== undefined) as ReadonlyArray<{ readonly lists?: readonly CrlLike[] }>
  if (checkers.length === 0) return undefined
  return checkers.flatMap(({ lists = [] }) => lists).map(({ issuer, number, thisUpdate, nextUpdate, size, isDelta = false }) => ({
    issuer: issuer?.toString() ?? 'unknown', number: number?.toString(), thisUpdate, nextUpdate, entries: size, isDelta
  }))
}
