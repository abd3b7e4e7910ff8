import type { PeerIdentity } from '@peerkit/identity'
import { clip } from './clip.ts'
import type { EventDraft, EventKind, Tone } from './console-event.ts'
import { describeNearest } from './describe-nearest.ts'
import type { ChangeMessage, EndedMessage, HandshakeMessage, JudgedMessage, OutboundMessage } from './messages.ts'

type PeerFacts = Pick<EventDraft, 'peer' | 'fingerprint256' | 'issuer' | 'remoteAddress' | 'source'>

/** A request that was denied, or in report mode would have been. */
export function draftJudged (message: JudgedMessage, mode: 'enforce' | 'report'): EventDraft {
  const { time, reason, rules, nearest, requestId, peer, remoteAddress } = message
  const lines = [...(rules === undefined ? [] : [`rules: ${clip(rules)}`]), ...describeNearest(nearest)]
  return {
    kind: mode === 'enforce' ? 'denied' : 'would-deny',
    tone: mode === 'enforce' ? 'bad' : 'warn',
    time,
    title: `${mode === 'enforce' ? 'Denied' : 'Would be denied'}: ${describeCall(message)}`,
    reason: clip(reason),
    requestId: clip(requestId),
    detail: lines,
    ...factsOf(peer, remoteAddress)
  }
}

/** `DELETE /accounts/:id`. */
export function describeCall ({ method, path, route }: Pick<JudgedMessage, 'method' | 'path' | 'route'>): string {
  // Equal calls of different ids are one line: the pattern says which route, the path may be the client's to choose.
  return clip(route === undefined ? `${method} ${path} (no such route)` : `${method} ${route}`) as string
}

/** A handshake that was refused. What it says of the certificate is the certificate's own word. */
export function draftHandshake ({ time, reason, code, peer, remoteAddress, protocol, resumed }: HandshakeMessage): EventDraft {
  const detail = [...(code === undefined ? [] : [`code: ${clip(code)}`]), ...(protocol === undefined ? [] : [`protocol: ${clip(protocol)}${resumed ? ', resumed session' : ''}`])]
  const facts = factsOf(peer, remoteAddress)
  // A stranger makes as many certificates as he likes: his address is what counts. Of IPv6 the first half, the rest is his to choose.
  return { kind: 'handshake', tone: reason === 'protocol' ? 'info' : 'bad', time, title: 'Handshake refused', reason: clip(reason), requestId: undefined, detail, ...facts, source: networkOf(remoteAddress) }
}

/** An open connection that no longer stands, or a forwarded certificate that is not believed. */
export function draftEnded (kind: 'ended' | 'forged', { time, reason, peer, remoteAddress, header }: EndedMessage): EventDraft {
  const title = kind === 'ended' ? 'Open connection no longer accepted' : 'Forwarded certificate not believed'
  return { kind, tone: 'bad', time, title, reason: clip(reason), requestId: undefined, detail: header === undefined ? [] : [`header: ${clip(header)}`], ...factsOf(peer, remoteAddress) }
}

/** A change of the service itself: credentials, revocation lists, rules. */
export function draftChange (kind: EventKind, tone: Tone, title: string, message: ChangeMessage): EventDraft {
  const { time, code, reason, generation, trustChanged, identity, url, issuer, why, serialNumber, file, error, source } = message
  const said = message.message ?? error?.message
  const facts: ReadonlyArray<readonly [string, unknown]> = [
    ['identity', identity?.toString()], ['generation', generation], ['trust', trustChanged === true ? 'changed' : undefined], ['file', file], ['source', source], ['url', url],
    ['issuer', issuer], ['serial number', serialNumber], ['why', why], ['code', code]
  ]
  const detail = [...facts.flatMap(([name, value]) => value === undefined ? [] : [`${name}: ${clip(value) ?? ''}`]), ...(said === undefined ? [] : [clip(said, 1000) as string])]
  const { fingerprint256 } = identity ?? {}
  return { kind, tone, time, title, reason: clip(reason), requestId: undefined, detail, peer: undefined, fingerprint256, issuer: undefined, remoteAddress: undefined, source: `${kind} ${url ?? file ?? ''}` }
}

/** A call of ours that came to nothing. */
export function draftOutbound ({ time, origin, code, reason, message }: OutboundMessage): EventDraft {
  const detail = [...(code === undefined ? [] : [`code: ${clip(code)}`]), ...(message === undefined ? [] : [clip(message, 1000) as string])]
  return { kind: 'outbound', tone: 'bad', time, title: `Call to ${clip(origin)} refused`, reason: clip(reason), requestId: undefined, detail, peer: undefined, fingerprint256: undefined, issuer: undefined, remoteAddress: undefined, source: `outbound ${origin}` }
}

function factsOf (peer: PeerIdentity | null | undefined, address: string | undefined): PeerFacts {
  const remoteAddress = clip(address)
  const fingerprint256 = peer?.fingerprint256
  return { peer: peer?.toString(), fingerprint256, issuer: clip(peer?.issuer?.toString()), remoteAddress, source: fingerprint256 ?? peer?.toString() ?? networkOf(address) }
}

function networkOf (address: string | undefined): string {
  if (address === undefined) return 'unknown'
  return address.includes(':') && !address.includes('.') ? address.split(':').slice(0, 4).join(':') : address
}
