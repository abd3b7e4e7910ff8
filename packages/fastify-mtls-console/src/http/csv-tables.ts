import { iso } from '@peerkit/identity/internal'
import { mapAccess } from '../access/route-map.ts'
import { gatherCalls } from '../calls/call-facts.ts'
import type { ConsoleState } from '../console-state.ts'
import { gatherForecast } from '../forecast/forecast-facts.ts'
import type { CsvName } from '../page/export-links.ts'
import { findClients } from '../page/views/clients.ts'
import { findChanges } from '../page/views/timeline.ts'
import { matchesEvent } from '../query.ts'
import type { Query } from '../query.ts'
import { findAnchor, findAuthority } from '../trust/authorities.ts'
import { listDues } from '../trust/calendar.ts'
import { nameCertificate, showCertificate } from '../trust/show-certificate.ts'
import { gatherTrust } from '../trust/trust-facts.ts'
import type { CsvTable, CsvValue } from './csv.ts'

type Gather = (state: ConsoleState, query: Query) => CsvTable

/** The tables of the pages, with the same filters. Times are in UTC. */
export const CSV_TABLES: Readonly<Record<CsvName, Gather>> = {
  access, clients, calls, log, authorities, crls, timeline, expiry, forecast
}

/** Lines of a cell. They are not separated by line breaks, because not every reader of CSV knows these. */
function join (lines: readonly string[]): string { return lines.join('; ') }

function when (time: number | undefined): string { return time === undefined ? '' : iso(time) ?? '' }

function access (state: ConsoleState, query: Query): CsvTable {
  const rows = mapAccess(state, query, Infinity).rows.map(({ route }): CsvValue[] => {
    const { methods, url, scope, access, requirements, counts } = route
    const lines = requirements.map(({ rules, mode, allows }) => {
      return `${rules} (${mode}): ${allows.split('\n').join(' or ')}`
    })
    return [methods.join(' '), url, scope, access, join(lines), counts.allowed, counts.denied, counts.wouldDeny]
  })
  return { columns: ['methods', 'path', 'scope', 'access', 'rules', 'allowed', 'denied', 'would_be_denied'], rows }
}

function clients (state: ConsoleState, query: Query): CsvTable {
  const { current } = state.credentials
  const columns = [
    'name', 'subject', 'spiffe_id', 'issuer', 'ca', 'authority', 'expires', 'first_seen', 'last_seen', 'addresses',
    'allowed', 'denied', 'would_be_denied', 'last_denial', 'reason', 'serial_number', 'sha256'
  ]
  const rows = findClients(state, query).map((client): CsvValue[] => {
    const { identity, firstSeen, lastSeen, addresses, allowed, denied, wouldDeny, lastDenial } = client
    const { subject, spiffeId, issuer, notAfter, serialNumber, fingerprint256 } = showCertificate(identity)
    return [
      nameCertificate(identity), subject, spiffeId, issuer, findAnchor(identity, current)?.subject?.toString(),
      findAuthority(identity, current)?.name, when(notAfter), when(firstSeen), when(lastSeen), join(addresses), allowed,
      denied, wouldDeny, lastDenial?.what, lastDenial?.reason, serialNumber, fingerprint256
    ]
  })
  return { columns, rows }
}

function calls (state: ConsoleState): CsvTable {
  const { callers, servers } = gatherCalls(state)
  const columns = [
    'direction', 'name', 'origin', 'authority', 'connections', 'allowed', 'denied', 'would_be_denied', 'failed',
    'last_seen'
  ]
  const inbound = callers.map((caller): CsvValue[] => {
    const { name, authority, connections, allowed, denied, wouldDeny, lastSeen } = caller
    return ['in', name, undefined, authority, connections, allowed, denied, wouldDeny, undefined, when(lastSeen)]
  })
  const outbound = servers.map(({ name, origin, server, connections, refused, identifiedAt }): CsvValue[] => {
    const seen = when(identifiedAt)
    return ['out', name, origin, server?.authority, connections, undefined, undefined, undefined, refused, seen]
  })
  return { columns, rows: [...inbound, ...outbound] }
}

function log ({ collector }: ConsoleState, query: Query): CsvTable {
  const columns = [
    'last', 'first', 'count', 'kind', 'title', 'reason', 'client', 'issuer', 'chain', 'removed_ca', 'ca_removed_at',
    'address', 'request_id', 'sha256', 'hint', 'details'
  ]
  const rows = collector.log.list().filter((event) => matchesEvent(event, query)).map((event): CsvValue[] => {
    const { last, first, count, kind, title, reason, peer, issuer, chain = [], removedCa } = event
    const { remoteAddress, requestId, fingerprint256, hint, detail } = event
    return [
      when(last), when(first), count, kind, title, reason, peer, issuer, join(chain), removedCa?.name,
      when(removedCa?.removedAt), remoteAddress, requestId, fingerprint256, hint, join(detail)
    ]
  })
  return { columns, rows }
}

function authorities (state: ConsoleState): CsvTable {
  const { authorities: all, anchors, formerAnchors } = gatherTrust(state)
  const vouchesFor = new Map(all.map((authority) => [authority.name, join(authority.vouchesFor)]))
  const columns = ['authority', 'vouches_for', 'ca', 'expires', 'state', 'removed_at', 'clients_seen', 'sha256']
  const trusted = anchors.map(({ authority, certificate, clients: seen }): CsvValue[] => {
    const { text, subject, notAfter, fingerprint256 } = certificate
    const bound = vouchesFor.get(authority)
    return [authority, bound, subject ?? text, when(notAfter), 'trusted', '', seen.length, fingerprint256]
  })
  const removed = formerAnchors.map(({ authority, certificate, removedAt, clients: seen }): CsvValue[] => {
    const { text, subject, notAfter, fingerprint256 } = certificate
    return [authority, '', subject ?? text, when(notAfter), 'removed', when(removedAt), seen.length, fingerprint256]
  })
  return { columns, rows: [...trusted, ...removed] }
}

function crls (state: ConsoleState): CsvTable {
  const rows = (gatherTrust(state).crls ?? []).map((crl): CsvValue[] => {
    const { issuer, number, isDelta, authority, thisUpdate, nextUpdate, entries } = crl
    return [issuer, number, isDelta, authority, when(thisUpdate), when(nextUpdate), entries]
  })
  return { columns: ['issuer', 'number', 'is_delta', 'authority', 'issued', 'next_update', 'entries'], rows }
}

function timeline (state: ConsoleState, query: Query): CsvTable {
  const rows = findChanges(state, query).map((change): CsvValue[] => {
    const { time, kind, outcome, count, title, message, came, went, notes, more } = change
    return [when(time), kind, outcome, count, title, message, join(came), join(went), join(notes), more]
  })
  const columns = ['time', 'kind', 'outcome', 'count', 'title', 'message', 'added', 'removed', 'notes', 'more_lines']
  return { columns, rows }
}

function expiry (state: ConsoleState): CsvTable {
  const rows = listDues(state).map(({ what, name, notAfter, fingerprint256 }): CsvValue[] => {
    return [what, name, when(notAfter), fingerprint256]
  })
  return { columns: ['what', 'name', 'expires', 'sha256'], rows }
}

function forecast (state: ConsoleState): CsvTable {
  const { own, authorities: cas, clients: seen, servers } = gatherForecast(state)
  const rows = [own, ...cas, seen, servers].flatMap(({ entries }) => entries).map((entry): CsvValue[] => {
    const { what, name, issuer, origin, operator, state: now, refusedFrom, notAfter, needsAction, advice } = entry
    const { fingerprint256 } = entry
    const dates = [when(refusedFrom), when(notAfter)]
    return [what, name, issuer, origin, operator, now, ...dates, needsAction, advice, fingerprint256]
  })
  const columns = [
    'what', 'name', 'issuer', 'origin', 'operator', 'state', 'refused_from', 'expires', 'needs_action', 'advice',
    'sha256'
  ]
  return { columns, rows }
}
