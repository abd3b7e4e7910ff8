import type { SnapshotAuthority } from '@peerkit/credentials'
import type { PeerIdentity } from '@peerkit/identity'
import { clip } from '@peerkit/identity/internal'
import type { ClientAuthForecast } from '@peerkit/trust/forecast'
import type { ConsoleEvent } from '../collect/event-log.ts'
import type { ConsoleState } from '../console-state.ts'
import { findAuthority, hasNamedAuthorities } from '../trust/authorities.ts'
import { nameCertificate } from '../trust/show-certificate.ts'
import { compareEntries, forecastEntry } from './forecaster.ts'
import type { ForecastEntry, ForecastSubject } from './forecaster.ts'

/** Certificates of one kind: how many were checked, and the affected ones, the soonest first. */
export interface ForecastGroup {
  readonly lookedAt: number
  readonly entries: readonly ForecastEntry[]
}

/** The CAs of an authority. */
export interface AuthorityForecast extends ForecastGroup { readonly name: string }

/** The certificates that lose clientAuth. Times are in milliseconds since the epoch. */
export interface ForecastFacts {
  readonly time: number
  readonly withinDays: number
  /** Numbers of certificates: checked, affected, and those that need action within the time. */
  readonly lookedAt: number
  readonly affected: number
  readonly needAction: number
  readonly hasNamedAuthorities: boolean
  readonly own: ForecastGroup
  /** The soonest first. */
  readonly authorities: readonly AuthorityForecast[]
  /** Includes clients that were refused because they have no clientAuth. */
  readonly clients: ForecastGroup
  readonly servers: ForecastGroup
  /** How to accept such clients meanwhile. */
  readonly remarks: readonly string[]
}

const WITHIN_DAYS = 90
const WITHIN = WITHIN_DAYS * 86_400_000

/** Forecasts the own certificate, the trusted CAs, and the clients and servers seen since the start. */
export function gatherForecast (state: ConsoleState): ForecastFacts {
  const now = state.now()
  const { current } = state.credentials
  // It is a server certificate. Whether it is also used as a client certificate is not known.
  const ownSubject = describe('own certificate', current.identity, { use: 'unknown' })
  const own = group([[ownSubject, forecastOf(state, current.identity, now)]], now)
  const authorities = current.authorities.map((authority): AuthorityForecast => {
    return { name: authority.name, ...group(listAnchors(state, authority, now), now) }
  })
  const clients = group(listClients(state, now), now)
  const servers = group(listServers(state, now), now)
  const groups = [own, ...authorities, clients, servers]
  const entries = groups.flatMap((one) => one.entries)
  return {
    time: now,
    withinDays: WITHIN_DAYS,
    lookedAt: groups.reduce((sum, { lookedAt }) => sum + lookedAt, 0),
    affected: entries.length,
    needAction: entries.filter(({ needsAction }) => needsAction).length,
    hasNamedAuthorities: hasNamedAuthorities(current),
    own,
    authorities: authorities.sort(compareGroups),
    clients,
    servers,
    remarks: [...new Set(entries.flatMap(({ remark }) => remark ?? []))]
  }
}

/** What is not known of most certificates. */
const UNKNOWN = {
  key: undefined, calledAt: undefined, authority: undefined, lastSeen: undefined, serverAuthOnlyUntil: undefined
}

type Looked = readonly [subject: ForecastSubject, forecast: ClientAuthForecast]

function group (looked: readonly Looked[], now: number): ForecastGroup {
  const entries = looked.flatMap(([subject, forecast]) => forecastEntry(subject, forecast, now, WITHIN) ?? [])
  return { lookedAt: looked.length, entries: entries.sort(compareEntries) }
}

function compareGroups ({ entries: [one] }: ForecastGroup, { entries: [other] }: ForecastGroup): number {
  if (one === undefined || other === undefined) return Number(one === undefined) - Number(other === undefined)
  return compareEntries(one, other)
}

function listAnchors (state: ConsoleState, authority: SnapshotAuthority, now: number): Looked[] {
  const { name, for: whose, anchors, serverAuthOnlyUntil } = authority
  const known = whose === 'servers'
    ? { use: 'server', authority: name } as const
    : { use: 'authority', authority: name, serverAuthOnlyUntil } as const
  return anchors.map((anchor) => {
    const forecast = state.forecaster.forecastAuthority(anchor, state.credentials.current, now)
    return [describe('trusted CA', anchor, known), forecast]
  })
}

function listClients (state: ConsoleState, now: number): Looked[] {
  const { collector, credentials: { current }, forecaster } = state
  const seen = collector.clients.list().map(({ key, identity, lastSeen, serverAuthOnlyUntil }): Looked => {
    const authority = findAuthority(identity, current)?.name
    const known = { use: 'client', key, lastSeen, serverAuthOnlyUntil, authority } as const
    return [describe('client', identity, known), forecastOf(state, identity, now)]
  })
  const refused = listRefused(collector.log.list(), new Set(seen.map(([{ key }]) => key)))
  return [...seen, ...refused.map((one): Looked => [one, forecaster.forecastRefused(one.issuer, current, now)])]
}

function listServers (state: ConsoleState, now: number): Looked[] {
  return state.collector.servers.list().flatMap(({ origin, identity, identifiedAt }): Looked[] => {
    if (identity === undefined) return []
    const known = { use: 'server', calledAt: clip(origin), lastSeen: identifiedAt } as const
    return [[describe('server', identity, known), forecastOf(state, identity, now)]]
  })
}

function forecastOf (state: ConsoleState, identity: PeerIdentity, now: number): ClientAuthForecast {
  const { forecaster, credentials } = state
  return forecaster.forecast(identity, credentials.current, now)
}

function describe (
  what: ForecastSubject['what'], identity: PeerIdentity, known: Pick<ForecastSubject, 'use'> & Partial<ForecastSubject>
): ForecastSubject {
  const { issuer, serialNumber, fingerprint256 } = identity
  return {
    what,
    name: nameCertificate(identity),
    text: clip(String(identity)),
    issuer: clip(issuer?.toString()),
    serialNumber,
    fingerprint256,
    ...UNKNOWN,
    ...known
  }
}

/**
 * Clients in the log that were refused because their certificate is not for clients, each once.
 *
 * @param events the newest first
 * @param known keys of accepted clients, which are listed already
 */
function listRefused (
  events: readonly ConsoleEvent[], known: ReadonlySet<string | undefined>
): ForecastSubject[] {
  const found = new Map<string, ForecastSubject>()
  for (const { kind, reason, peer, fingerprint256, issuer, last } of events) {
    const key = fingerprint256 ?? peer
    if (kind !== 'handshake' || reason !== 'wrong_purpose' || key === undefined) continue
    if (known.has(key) || found.has(key)) continue
    found.set(key, {
      what: 'refused client',
      name: peer ?? key,
      text: peer ?? key,
      issuer,
      serialNumber: undefined,
      fingerprint256,
      use: 'client',
      ...UNKNOWN,
      lastSeen: last
    })
  }
  return [...found.values()]
}
