import type { CredentialsRefusedMessage, EventListeners, RevocationFailedMessage, RevocationRefreshedMessage } from '@peerkit/events'
import type { EventDraft } from './console-event.ts'
import { draftChange } from './draft-events.ts'
import type { ChangeFacts } from './draft-events.ts'

/** Hears what changes in the service itself. */
export function changeListeners (add: (draft: EventDraft) => void): EventListeners {
  const tell = (kind: EventDraft['kind'], tone: EventDraft['tone'], title: string, time: number, facts: ChangeFacts): void => { add(draftChange({ kind, tone, title, time }, facts)) }
  return {
    'peerkit:credentials:rotated': ({ time, identity, generation, trustChanged, warnings }) => {
      tell('credentials', 'good', 'New credentials in force', time, { facts: [['identity', identity], ['generation', generation], ['trust', trustChanged ? 'changed' : 'as before'], ...warnings.slice(0, 5).map((warning) => ['warning', warning] as const)] })
    },
    'peerkit:credentials:refused': (message) => { tell('credentials', 'bad', 'New credentials refused, the old ones stay', message.time, factsOfRefused(message)) },
    'peerkit:credentials:recovered': ({ time, authority, generation }) => { tell('credentials', 'good', 'Credentials are in order again', time, { facts: [['authority', authority], ['generation', generation]] }) },
    'peerkit:credentials:waiting': (message) => { tell('credentials', 'info', 'New credentials are not whole yet', message.time, factsOfRefused(message)) },
    'peerkit:credentials:warned': ({ time, generation, message }) => { tell('credentials', 'warn', 'Credentials need a look', time, { facts: [['generation', generation]], message }) },
    'peerkit:revocation:refreshed': (message) => { tell('revocation', 'good', 'Revocation status refreshed', message.time, { facts: factsOfRevocation(message) }) },
    'peerkit:revocation:failed': (message) => {
      tell('revocation', 'bad', 'Revocation status could not be refreshed', message.time, { facts: [...factsOfRevocation(message), ['code', message.code]], message: message.message, reason: message.reason })
    },
    'peerkit:revocation:soft-passed': ({ time, why, issuer, serialNumber, fingerprint256 }) => {
      tell('revocation', 'warn', 'A certificate passed without its revocation status (soft policy)', time, { facts: [['issuer', issuer], ['serial number', serialNumber], ['SHA-256', fingerprint256]], reason: why })
    },
    'peerkit:rules:reloaded': ({ time, file, generation }) => { tell('rules', 'good', 'Rules reloaded', time, { facts: [['file', file], ['generation', generation]] }) },
    'peerkit:rules:refused': ({ time, file, generation, error }) => { tell('rules', 'bad', 'New rules refused, the old ones stay', time, { facts: [['file', file], ['generation', generation]], message: error.message }) },
    'peerkit:expiry:soon': ({ time, what, name, notAfter, left, threshold }) => {
      tell('expiry', left <= 0 ? 'bad' : 'warn', left <= 0 ? 'Its time is over' : 'Ends soon', time, { facts: [[what, name], ['ends', new Date(notAfter).toISOString()], ['threshold', threshold]], reason: what })
    }
  }
}

function factsOfRefused ({ code, reason, authority, message, generation }: CredentialsRefusedMessage): ChangeFacts {
  return { facts: [['authority', authority], ['generation that stays', generation], ['code', code]], message, reason }
}

function factsOfRevocation ({ source, url, issuer, serialNumber }: RevocationRefreshedMessage | RevocationFailedMessage): ChangeFacts['facts'] {
  return [['source', source], ['url', url], ['issuer', issuer], ['serial number', serialNumber]]
}
