import { endOfValidity } from '@peerkit/identity'
import type { ConsoleState } from './console-state.ts'
import { nameCertificate } from './show-certificate.ts'
import { gatherTrust } from './trust-facts.ts'

/** A certificate or CRL with its expiry. */
export interface End {
  readonly what: 'own certificate' | 'own intermediate' | 'trusted CA' | 'CRL' | 'client' | 'server'
  readonly name: string
  readonly fingerprint256: string | undefined
  /** Milliseconds since the epoch. */
  readonly notAfter: number
  /** The first moment at which it is no longer valid. */
  readonly end: number
}

/** Expiry dates of the own chain, CAs, CRLs, and of clients and servers seen since the start, the soonest first. */
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
  const lists = (gatherTrust(state).crls ?? []).map(({ issuer, nextUpdate }): End => (
    { what: 'CRL', name: `CRL of ${issuer}`, fingerprint256: undefined, notAfter: nextUpdate, end: nextUpdate }
  ))
  return [...ends, ...lists].sort((a, b) => a.end - b.end)
}
