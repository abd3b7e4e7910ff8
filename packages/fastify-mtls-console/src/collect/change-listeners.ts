import type {
  CredentialsRefusedMessage, EventListeners, EventMessages, RevocationFailedMessage, RevocationRefreshedMessage,
  SummarizedName
} from '@peerkit/events'
import { iso } from '@peerkit/identity/internal'
import type { EventDraft } from './console-event.ts'
import { draftEvent } from './draft-events.ts'
import type { Fact } from './draft-events.ts'

/** What is shown of each change of the service itself, a line each. */
const FACTS: { readonly [Name in SummarizedName]?: (message: EventMessages[Name]) => readonly Fact[] } = {
  'peerkit:handshake:chain-unavailable': ({ node }) => [['Node', node]],
  'peerkit:credentials:rotated': ({ identity, generation, trustChanged, warnings }) => [
    ['identity', identity],
    ['generation', generation],
    ['trust', trustChanged ? 'changed' : 'unchanged'],
    ...warnings.slice(0, 5).map((warning) => ['warning', warning] as const)
  ],
  'peerkit:credentials:refused': factsOfRefused,
  'peerkit:credentials:recovered': ({ authority, generation }) => [
    ['authority', authority], ['generation', generation]
  ],
  'peerkit:credentials:waiting': factsOfRefused,
  'peerkit:credentials:warned': ({ generation }) => [['generation', generation]],
  'peerkit:revocation:refreshed': factsOfRevocation,
  'peerkit:revocation:failed': (message) => [...factsOfRevocation(message), ['code', message.code]],
  'peerkit:revocation:soft-passed': ({ issuer, serialNumber, fingerprint256 }) => [
    ['issuer', issuer], ['serial number', serialNumber], ['SHA-256', fingerprint256]
  ],
  'peerkit:rules:reloaded': ({ file, generation }) => [['file', file], ['generation', generation]],
  'peerkit:rules:refused': ({ file, generation }) => [['file', file], ['generation', generation]],
  'peerkit:expiry:soon': ({ what, name, notAfter, threshold }) => [
    [what, name], ['expires', iso(notAfter)], ['threshold', threshold]
  ]
}

/** Listens to changes of the service itself. */
export function changeListeners (add: (draft: EventDraft) => void): EventListeners {
  return Object.fromEntries(Object.keys(FACTS).map((each) => {
    const name = each as SummarizedName
    const facts = FACTS[name] as (message: EventMessages[typeof name]) => readonly Fact[]
    return [name, (message: EventMessages[typeof name]) => {
      const draft = draftEvent(kindOf(name), name, message, facts(message))
      // The own certificate is no client.
      add({ ...draft, peer: undefined, fingerprint256: undefined, issuer: undefined, source: draft.title })
    }]
  }))
}

/** The second word of the channel. */
function kindOf (name: SummarizedName): EventDraft['kind'] {
  const [, word] = name.split(':')
  return word === 'handshake' ? 'node' : word as EventDraft['kind']
}

function factsOfRefused ({ code, authority, generation }: CredentialsRefusedMessage): readonly Fact[] {
  return [['authority', authority], ['generation in force', generation], ['code', code]]
}

function factsOfRevocation (
  { source, url, issuer, serialNumber }: RevocationRefreshedMessage | RevocationFailedMessage
): readonly Fact[] {
  return [['source', source], ['url', url], ['issuer', issuer], ['serial number', serialNumber]]
}
