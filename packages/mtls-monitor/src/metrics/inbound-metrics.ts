import type { EventListeners, RequestJudgedMessage } from '@peerkit/events'
import type { Attributes } from '@opentelemetry/api'
import type { PeerIdentity } from '@peerkit/identity'
import { namesOf } from '../callers-by-issuer.ts'
import { BoundedLabels } from './bounded-labels.ts'
import type { Instruments } from './instruments.ts'

const MAX_GROUPS = 100
const MAX_ISSUERS = 50
const MAX_REASONS = 50

/** Handshakes, connections and forwarded identities. */
export function recordConnections (instruments: Instruments): EventListeners {
  const handshakes = instruments.counter('peerkit.handshakes')
  const judgement = instruments.histogram('peerkit.handshake.judgement.duration')
  const ended = instruments.counter('peerkit.connections.ended')
  const byIssuer = instruments.counter('peerkit.connections.by_issuer')
  const forwarded = instruments.counter('peerkit.forwarded.rejected')
  const issuers = createIssuerLabels()
  const reasons = new BoundedLabels(MAX_REASONS)
  const judged = (judgedIn: number | undefined, result: string): void => { if (judgedIn !== undefined) judgement.record(judgedIn / 1000, { 'peerkit.result': result }) }
  return {
    'peerkit:handshake:refused': ({ reason, resumed, judgedIn }) => {
      handshakes.add(1, { 'peerkit.result': 'refused', 'peerkit.resumed': resumed, 'error.type': reasons.of(reason) })
      judged(judgedIn, 'refused')
    },
    'peerkit:connection:identified': ({ peer, resumed, judgedIn }) => {
      handshakes.add(1, { 'peerkit.result': 'accepted', 'peerkit.resumed': resumed })
      byIssuer.add(1, issuers(peer))
      judged(judgedIn, 'accepted')
    },
    'peerkit:connection:ended': ({ reason }) => { ended.add(1, { 'error.type': reasons.of(reason) }) },
    'peerkit:forwarded:refused': ({ reason }) => { forwarded.add(1, { 'peerkit.result': 'refused', 'error.type': reasons.of(reason) }) },
    'peerkit:forwarded:stripped': ({ reason }) => { forwarded.add(1, { 'peerkit.result': 'stripped', 'error.type': reasons.of(reason) }) }
  }
}

/** Requests by decision, and what verdicts cost. */
export function recordRequests (instruments: Instruments): EventListeners {
  const requests = instruments.counter('peerkit.requests')
  const byIssuer = instruments.counter('peerkit.requests.by_issuer')
  const duration = instruments.histogram('peerkit.verdict.duration')
  const verdicts = instruments.counter('peerkit.verdicts')
  const issuers = createIssuerLabels()
  const groups = new BoundedLabels(MAX_GROUPS)
  const reasons = new BoundedLabels(MAX_REASONS)
  const allowedBy = new Map<string, Attributes>()
  const HIT = { 'peerkit.cache': 'hit' }
  const MISS = { 'peerkit.cache': 'miss' }
  const judged = ({ judgedIn, remembered }: RequestJudgedMessage, decision: string): void => {
    if (remembered === undefined) return
    verdicts.add(1, remembered ? HIT : MISS)
    // A remembered verdict takes no time worth a histogram; counting it would hide the others.
    if (!remembered && judgedIn !== undefined) duration.record(judgedIn / 1000, { 'peerkit.decision': decision })
  }
  return {
    'peerkit:request:allowed': (message) => {
      const group = message.group === undefined ? 'none' : groups.of(message.group)
      let attributes = allowedBy.get(group)
      if (attributes === undefined) allowedBy.set(group, attributes = { 'peerkit.decision': 'allowed', 'peerkit.group': group })
      requests.add(1, attributes)
      if (message.peer !== null) byIssuer.add(1, issuers(message.peer))
      judged(message, 'allowed')
    },
    'peerkit:request:denied': (message) => {
      requests.add(1, { 'peerkit.decision': 'denied', 'error.type': reasons.of(message.reason) })
      judged(message, 'denied')
    },
    'peerkit:request:would-deny': ({ reason }) => { requests.add(1, { 'peerkit.decision': 'would_deny', 'error.type': reasons.of(reason) }) }
  }
}

/** The labels of a peer's issuer. Requests of one connection share the identity, and so its labels. Issuer and root are bounded together, as one. */
function createIssuerLabels (): (peer: PeerIdentity) => Attributes {
  const pairs = new BoundedLabels(MAX_ISSUERS)
  const known = new WeakMap<PeerIdentity, Attributes>()
  return (peer) => {
    let attributes = known.get(peer)
    if (attributes === undefined) {
      const { issuer = 'unknown', anchor = 'unknown' } = namesOf(peer)
      const isOther = pairs.of(`${issuer}\n${anchor}`.slice(0, 200)) === 'other'
      attributes = isOther ? { 'peerkit.issuer': 'other', 'peerkit.anchor': 'other' } : { 'peerkit.issuer': issuer, 'peerkit.anchor': anchor }
      known.set(peer, attributes)
    }
    return attributes
  }
}
