import type {
  ChainUnavailableMessage, ConnectionEndedMessage, ForwardedMessage, HandshakeRefusedMessage, OutboundRefusedMessage,
  RefusalDetail, RequestJudgedMessage
} from '@peerkit/events'
import { claimsOf } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { isAuthorityShown } from './authority-shown.ts'
import { clip } from './clip.ts'
import type { EventDraft } from './console-event.ts'
import { describeNearest } from './describe-nearest.ts'
import { explainConnection, explainRefusal } from './explain-refusal.ts'

type ClientFields = Pick<EventDraft, 'hint' | 'peer' | 'fingerprint256' | 'issuer' | 'remoteAddress' | 'requestId'>

const NO_CLIENT: ClientFields = Object.freeze({
  hint: undefined,
  peer: undefined,
  fingerprint256: undefined,
  issuer: undefined,
  remoteAddress: undefined,
  requestId: undefined
})
const MAX_MESSAGE = 1000

/** A request that was denied, or would be denied without report mode. */
export function draftRequest (message: RequestJudgedMessage, mode: 'enforce' | 'report-only'): EventDraft {
  const { time, reason, rules, nearest, requestId, peer, remoteAddress } = message
  return {
    kind: mode === 'enforce' ? 'denied' : 'would-deny',
    tone: mode === 'enforce' ? 'bad' : 'warn',
    time,
    title: `${mode === 'enforce' ? 'Denied' : 'Would be denied'}: ${describeCall(message)}`,
    reason: clip(reason),
    hint: explainRefusal(reason),
    requestId: clip(requestId),
    detail: [...listFacts([...factsOfAuthority(peer), ['rules', rules]]), ...describeNearest(nearest)],
    ...factsOf(peer, remoteAddress)
  }
}

/** `DELETE /accounts/:id`. */
export function describeCall (
  { method, path, route }: Pick<RequestJudgedMessage, 'method' | 'path' | 'route'>
): string {
  // The pattern, so that equal calls with different ids are one entry. The client chooses the path.
  return clip(route === undefined ? `${method} ${path} (no such route)` : `${method} ${route}`) as string
}

/** A refused handshake. The values of the certificate are unverified. */
export function draftHandshake (message: HandshakeRefusedMessage): EventDraft {
  const { time, reason, code, detail, peer, remoteAddress, protocol, resumed } = message
  const version = protocol === undefined ? undefined : `${protocol}${resumed ? ', resumed session' : ''}`
  return {
    ...NO_CLIENT,
    kind: 'handshake',
    tone: reason === 'protocol' ? 'info' : 'bad',
    time,
    title: 'Handshake refused',
    reason: clip(reason),
    hint: explainConnection(reason, code, detail),
    detail: listFacts([['code', code], ['protocol', version], ...factsOfDetail(detail)]),
    ...factsOf(peer, remoteAddress),
    // The network, because a stranger can create any number of certificates.
    source: networkOf(remoteAddress)
  }
}

/** An open connection whose certificate is no longer accepted. */
export function draftEnded ({ time, reason, detail, peer, remoteAddress }: ConnectionEndedMessage): EventDraft {
  return {
    ...NO_CLIENT,
    kind: 'ended',
    tone: 'bad',
    time,
    title: 'Open connection no longer accepted',
    reason: clip(reason),
    hint: explainConnection(reason, undefined, detail),
    detail: listFacts([...factsOfAuthority(peer), ...factsOfDetail(detail)]),
    ...factsOf(peer, remoteAddress)
  }
}

/** This version of Node does not expose the intermediates of clients. */
export function draftChainUnavailable ({ time, message, node }: ChainUnavailableMessage): EventDraft {
  const draft = { kind: 'node', tone: 'warn', title: 'Intermediates of clients cannot be read', time } as const
  return draftChange(draft, { facts: [['Node', node]], message })
}

/** The failed step and the certificate. Its values are unverified, because it was refused. */
function factsOfDetail (detail: RefusalDetail | undefined): ChangeFacts['facts'] {
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
function factsOfAuthority (peer: PeerIdentity | null | undefined): ChangeFacts['facts'] {
  if (peer === null || peer === undefined || !isAuthorityShown(peer)) return []
  const { authority, notBelieved } = peer
  const subject = notBelieved.includes('subject') ? claimsOf(peer).subject?.toString() : undefined
  return [['authority', authority], ['claims to be, not believed', subject === '' ? undefined : subject]]
}

/** A forwarded certificate that was refused or removed. */
export function draftForwarded (
  title: string,
  { time, reason, detail, header, peer, remoteAddress }: ForwardedMessage
): EventDraft {
  return {
    ...NO_CLIENT,
    kind: 'forged',
    tone: 'bad',
    time,
    title,
    reason: clip(reason),
    detail: listFacts([['header', header], ['detail', detail]]),
    ...factsOf(peer, remoteAddress)
  }
}

/** An outbound connection that failed. */
export function draftOutbound ({ time, origin, code, reason, message, detail }: OutboundRefusedMessage): EventDraft {
  return {
    ...NO_CLIENT,
    kind: 'outbound',
    tone: 'bad',
    time,
    title: `Call to ${clip(origin)} failed`,
    reason: clip(reason),
    detail: [...listFacts([['code', code], ...factsOfDetail(detail)]), ...said(message)],
    source: `outbound ${origin}`
  }
}

/** The details of a change of the service itself. */
export interface ChangeFacts {
  readonly facts: ReadonlyArray<readonly [name: string, value: unknown]>
  readonly message?: string | undefined
  readonly reason?: string | undefined
}

/** A change of the service itself: credentials, CRLs, rules, expiry. */
export function draftChange (
  { kind, tone, title, time }: Pick<EventDraft, 'kind' | 'tone' | 'title' | 'time'>,
  { facts, message, reason }: ChangeFacts
): EventDraft {
  return {
    ...NO_CLIENT,
    kind,
    tone,
    time,
    title,
    reason: clip(reason),
    detail: [...listFacts(facts), ...said(message)],
    source: title
  }
}

function listFacts (facts: ChangeFacts['facts']): readonly string[] {
  return facts.flatMap(([name, value]) => value === undefined ? [] : [`${name}: ${clip(String(value)) as string}`])
}

function said (message: string | undefined): readonly string[] {
  return message === undefined ? [] : [clip(message, MAX_MESSAGE) as string]
}

function factsOf (
  peer: PeerIdentity | null | undefined,
  address: string | undefined
): Pick<EventDraft, 'peer' | 'fingerprint256' | 'issuer' | 'remoteAddress' | 'source'> {
  const fingerprint256 = peer?.fingerprint256
  return {
    peer: peer?.toString(),
    fingerprint256,
    issuer: clip(peer?.issuer?.toString()),
    remoteAddress: clip(address),
    source: fingerprint256 ?? peer?.toString() ?? networkOf(address)
  }
}

function networkOf (address: string | undefined): string {
  if (address === undefined) return 'unknown'
  return address.includes(':') && !address.includes('.') ? address.split(':').slice(0, 4).join(':') : address
}
