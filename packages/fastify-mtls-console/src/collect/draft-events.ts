import { explainHandshakeFailure, hintHandshakeFailure, summarizeEvent } from '@peerkit/events'
import type {
  ConnectionEndedMessage, EventMessages, EventSeverity, ForwardedMessage, HandshakeReason, HandshakeRefusedMessage,
  NearestRule, OutboundRefusedMessage, RefusalDetail, RequestJudgedMessage, SummarizedName
} from '@peerkit/events'
import { claimsOf } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { clip } from '@peerkit/identity/internal'
import { isAuthorityShown } from '../trust/authorities.ts'
import type { RemovedCa } from '../trust/removed-ca.ts'
import type { EventDraft, Tone } from './event-log.ts'

const MAX_MESSAGE = 1000
const MAX_REFUSAL = 500
const MAX_KEYS = 20
const MAX_CHAIN = 5

/** Refusals that may be due to the removal of a CA. */
const ABOUT_CAS: ReadonlySet<string> = new Set(['unknown_ca', 'ca_removed'])

/** Finds the removed CA of a refused certificate. */
export type RemovedCaOf = (peer: PeerIdentity, time: number) => RemovedCa | undefined

const TONES: Readonly<Record<EventSeverity, Tone>> = {
  good: 'good', info: 'info', warning: 'warn', denied: 'bad', failed: 'bad'
}

/** A value of an event with its label, for a line of text. */
export type Fact = readonly [label: string, value: unknown]

/**
 * Makes an entry of the log from the summary of an event.
 *
 * @param facts the values to show, a line each; those that are undefined are left out
 */
export function draftEvent<Name extends SummarizedName> (
  kind: EventDraft['kind'], name: Name, event: EventMessages[Name], facts: readonly Fact[]
): EventDraft {
  const { severity, title, source, peer, remoteAddress, reason, hint, message, facts: { requestId } } =
    summarizeEvent(name, event)
  const isAboutPeer = peer !== undefined || remoteAddress !== undefined
  const shown = capitalize(title)
  return {
    kind,
    tone: TONES[severity],
    time: event.time,
    title: shown,
    reason: clip(reason),
    hint,
    requestId: clip(requestId),
    detail: [...listFacts(facts), ...(message === undefined ? [] : [clip(message, MAX_MESSAGE)])],
    peer: isAboutPeer ? peer?.toString() : undefined,
    fingerprint256: peer?.fingerprint256,
    issuer: clip(peer?.issuer?.toString()),
    chain: isAboutPeer ? nameChain(peer?.chain) : undefined,
    removedCa: undefined,
    remoteAddress: clip(remoteAddress),
    // A change of the service itself is counted by its title, so that no other part takes the room of all.
    source: isAboutPeer ? source : shown
  }
}

/** A request that was denied, or would be denied without report mode. */
export function draftRequest (
  name: 'peerkit:request:denied' | 'peerkit:request:would-deny', message: RequestJudgedMessage
): EventDraft {
  const { rules, nearest, peer } = message
  const isDenied = name === 'peerkit:request:denied'
  const draft = draftEvent(isDenied ? 'denied' : 'would-deny', name, message, [
    ...factsOfAuthority(peer), ['rules', rules]
  ])
  return {
    ...draft,
    title: `${isDenied ? 'Denied' : 'Would be denied'}: ${describeCall(message)}`,
    detail: [...draft.detail, ...describeNearest(nearest)]
  }
}

/** `DELETE /accounts/:id`. */
export function describeCall (
  { method, path, route }: Pick<RequestJudgedMessage, 'method' | 'path' | 'route'>
): string {
  // The pattern, so that equal calls with different ids are one entry. The client chooses the path.
  return clip(route === undefined ? `${method} ${path} (no such route)` : `${method} ${route}`)
}

/** The names of a chain. A client may be denied often, so they are written once. */
const chainNames = new WeakMap<readonly PeerIdentity[], readonly string[]>()

function nameChain (chain: readonly PeerIdentity[] | undefined): readonly string[] | undefined {
  if (chain === undefined) return undefined
  let names = chainNames.get(chain)
  if (names === undefined) {
    names = chain.slice(0, MAX_CHAIN).map((one) => clip(nameOf(one)))
    chainNames.set(chain, names)
  }
  return names
}

function nameOf (certificate: PeerIdentity): string {
  const subject = certificate.subject?.toString()
  return subject === undefined || subject === '' ? String(certificate) : subject
}

/** A refused handshake. The values of the certificate are unverified. */
export function draftHandshake (message: HandshakeRefusedMessage, removedCaOf: RemovedCaOf): EventDraft {
  const { reason, code, detail, protocol, resumed } = message
  const version = protocol === undefined ? undefined : `${protocol}${resumed ? ', resumed session' : ''}`
  const facts: readonly Fact[] = [['code', code], ['protocol', version], ...factsOfDetail(detail)]
  return {
    ...draftEvent('handshake', 'peerkit:handshake:refused', message, facts),
    hint: explainConnection(reason, code, detail),
    removedCa: findRemoved(message, removedCaOf)
  }
}

function findRemoved (
  { reason, peer, time }: HandshakeRefusedMessage | ConnectionEndedMessage, removedCaOf: RemovedCaOf
): RemovedCa | undefined {
  if (!ABOUT_CAS.has(reason) || peer === undefined || peer === null) return undefined
  const found = removedCaOf(peer, time)
  return found && { ...found, name: clip(found.name) }
}

/** An open connection whose certificate is no longer accepted. */
export function draftEnded (message: ConnectionEndedMessage, removedCaOf: RemovedCaOf): EventDraft {
  const { reason, detail, peer } = message
  const facts = [...factsOfAuthority(peer), ...factsOfDetail(detail)]
  return {
    ...draftEvent('ended', 'peerkit:connection:ended', message, facts),
    hint: explainConnection(reason, undefined, detail),
    removedCa: findRemoved(message, removedCaOf)
  }
}

/** The failed step and the certificate. Its values are unverified, because it was refused. */
function factsOfDetail (detail: RefusalDetail | undefined): readonly Fact[] {
  if (detail === undefined) return []
  const { step, why, certificate } = detail
  return [
    ['step', step],
    ['why', why],
    ['certificate', certificate?.subject],
    ['serial number', certificate?.serialNumber],
    ['SHA-256', certificate?.fingerprint256]
  ]
}

/**
 * The authority of a client. A subject that it does not vouch for is shown as a claim, because operators search for it.
 */
function factsOfAuthority (peer: PeerIdentity | null | undefined): readonly Fact[] {
  if (peer === null || peer === undefined || !isAuthorityShown(peer)) return []
  const { authority, notBelieved } = peer
  const subject = notBelieved.includes('subject') ? claimsOf(peer).subject?.toString() : undefined
  return [['authority', authority], ['claims to be, not believed', subject === '' ? undefined : subject]]
}

/** A forwarded certificate that was refused or removed. */
export function draftForwarded (
  name: 'peerkit:forwarded:refused' | 'peerkit:forwarded:stripped', message: ForwardedMessage
): EventDraft {
  return draftEvent('forged', name, message, [['header', message.header], ['detail', message.detail]])
}

/** An outbound connection that failed. */
export function draftOutbound (message: OutboundRefusedMessage): EventDraft {
  const { origin, code, detail } = message
  return {
    ...draftEvent('outbound', 'peerkit:outbound:refused', message, [['code', code], ...factsOfDetail(detail)]),
    title: `Call to ${clip(origin)} failed`,
    source: `outbound ${origin}`
  }
}

function listFacts (facts: readonly Fact[]): readonly string[] {
  return facts.flatMap(([label, value]) => value === undefined ? [] : [`${label}: ${clip(String(value))}`])
}

/** Words such as mTLS keep their first letter. */
function capitalize (title: string): string {
  return title.replace(/^[a-z](?![A-Z])/, (letter) => letter.toUpperCase())
}

/** Why the closest rule did not match, a line each. */
function describeNearest (nearest: NearestRule | undefined): readonly string[] {
  if (nearest === undefined) return []
  const { path, matched, failed } = nearest
  const holds = matched.length === 0 ? '' : `; ${matched.join(', ')} ${matched.length === 1 ? 'holds' : 'hold'}`
  const lines = failed.slice(0, MAX_KEYS).map(({ key, expected, found, note, isClaim = false, asked = [] }) => {
    const wanted = `${key === 'not' ? 'refuses' : 'expected'} ${expected.join(' or ')}`
    const given = `${isClaim ? 'the certificate claims' : 'found'} ${describeFound(found)}`
    const said = asked.flatMap(({ values }) => values)
    const request = said.length === 0 ? [] : [`the request has ${describeFound(said)}`]
    const notes = [...request, ...note === undefined ? [] : [note]]
    return `${key}: ${wanted}, ${given}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`
  })
  return [`closest rule: ${path}${holds}`, ...lines].map((line) => clip(line))
}

function describeFound (found: readonly string[] | undefined): string {
  if (found === undefined) return 'unknown'
  return found.length === 0 ? 'none' : found.map((text) => JSON.stringify(text)).join(', ')
}

/** What is wrong with a certificate and what to do: from the detail if there is one, otherwise from reason and code. */
export function explainConnection (
  reason: HandshakeReason, code: string | undefined, detail: RefusalDetail | undefined
): string {
  if (detail === undefined) return hintHandshakeFailure(reason, code)
  return `${clip(detail.message, MAX_REFUSAL)}. ${explainHandshakeFailure(reason, code, detail.step).remedy}`
}
