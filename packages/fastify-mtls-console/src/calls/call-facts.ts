import { listServices } from '../collect/server-book.ts'
import type { ShownService } from '../collect/server-book.ts'
import type { ConsoleState } from '../console-state.ts'
import { findAnchor, findAuthority, findFormerAnchor } from '../trust/authorities.ts'
import { nameCertificate } from '../trust/show-certificate.ts'

/** A client with all its certificates of one CA. */
export interface Caller {
  readonly name: string
  /** The key of its page: that of the certificate that was seen last. */
  readonly key: string
  readonly authority: string | undefined
  /** Whether its CA is no longer trusted. */
  readonly isFormer: boolean
  readonly certificates: number
  readonly connections: number
  readonly allowed: number
  readonly denied: number
  readonly wouldDeny: number
  /** Milliseconds since the epoch. */
  readonly lastSeen: number
}

/** Who calls this service, and whom it calls. Bounded, because the books of clients and servers are. */
export interface CallFacts {
  /** Those with the most requests first. */
  readonly callers: readonly Caller[]
  readonly servers: readonly ShownService[]
  /** Clients that were refused in the handshake. Their names prove nothing. */
  readonly refusedHandshakes: number
}

export function gatherCalls (state: ConsoleState): CallFacts {
  const { collector, services } = state
  return {
    callers: gatherCallers(state),
    servers: listServices(services, collector.servers.list()),
    refusedHandshakes: Object.values(collector.handshakes).reduce((sum, count) => sum + count, 0)
  }
}

function gatherCallers (state: ConsoleState): Caller[] {
  const { collector, credentials: { current } } = state
  const formers = state.rotations.formerAnchors()
  const callers = new Map<string, Caller>()
  // The last seen first.
  for (const { key, identity, connections, allowed, denied, wouldDeny, lastSeen } of collector.clients.list()) {
    const former = findFormerAnchor(identity, current, formers)
    const ca = findAnchor(identity, current) ?? former
    const name = nameCertificate(identity)
    // Another CA may give the same name to another client.
    const place = JSON.stringify([name, ca?.fingerprint256 ?? identity.issuer?.toString(), identity.authority])
    const known = callers.get(place)
    callers.set(place, {
      name,
      key: known?.key ?? key,
      authority: known?.authority ?? findAuthority(identity, current)?.name,
      isFormer: former !== undefined,
      certificates: (known?.certificates ?? 0) + 1,
      connections: (known?.connections ?? 0) + connections,
      allowed: (known?.allowed ?? 0) + allowed,
      denied: (known?.denied ?? 0) + denied,
      wouldDeny: (known?.wouldDeny ?? 0) + wouldDeny,
      lastSeen: known?.lastSeen ?? lastSeen
    })
  }
  return [...callers.values()].sort((a, b) => requestsOf(b) - requestsOf(a) || b.lastSeen - a.lastSeen)
}

/** All requests of a client. */
export function requestsOf (
  { allowed, denied, wouldDeny }: Pick<Caller, 'allowed' | 'denied' | 'wouldDeny'>
): number {
  return allowed + denied + wouldDeny
}
