import type {
  CredentialsRefusedMessage, EventListeners, RevocationFailedMessage, RevocationRefreshedMessage
} from '@peerkit/events'
import type { EventDraft } from './console-event.ts'
import { draftChange } from './draft-events.ts'
import type { ChangeFacts } from './draft-events.ts'

/** Listens to changes of the service itself. */
export function changeListeners (add: (draft: EventDraft) => void): EventListeners {
  type Report = (
    kind: EventDraft['kind'], tone: EventDraft['tone'], title: string, time: number, facts: ChangeFacts
  ) => void
  const report: Report = (kind, tone, title, time, facts) => { add(draftChange({ kind, tone, title, time }, facts)) }
  return {
    'peerkit:credentials:rotated': ({ time, identity, generation, trustChanged, warnings }) => {
      report('credentials', 'good', 'New credentials in force', time, {
        facts: [
          ['identity', identity],
          ['generation', generation],
          ['trust', trustChanged ? 'changed' : 'unchanged'],
          ...warnings.slice(0, 5).map((warning) => ['warning', warning] as const)
        ]
      })
    },
    'peerkit:credentials:refused': (message) => {
      report(
        'credentials',
        'bad',
        'New credentials refused, the old ones stay in force',
        message.time,
        factsOfRefused(message)
      )
    },
    'peerkit:credentials:recovered': ({ time, authority, generation }) => {
      const facts = [['authority', authority], ['generation', generation]] as const
      report('credentials', 'good', 'Credentials are in order again', time, { facts })
    },
    'peerkit:credentials:waiting': (message) => {
      report('credentials', 'info', 'New credentials are incomplete', message.time, factsOfRefused(message))
    },
    'peerkit:credentials:warned': ({ time, generation, message }) => {
      report(
        'credentials',
        'warn',
        'Credentials accepted with a warning',
        time,
        { facts: [['generation', generation]], message }
      )
    },
    'peerkit:revocation:refreshed': (message) => {
      report('revocation', 'good', 'Revocation status refreshed', message.time, { facts: factsOfRevocation(message) })
    },
    'peerkit:revocation:failed': (message) => {
      report('revocation', 'bad', 'Revocation status could not be refreshed', message.time, {
        facts: [...factsOfRevocation(message), ['code', message.code]],
        message: message.message,
        reason: message.reason
      })
    },
    'peerkit:revocation:soft-passed': ({ time, why, issuer, serialNumber, fingerprint256 }) => {
      report('revocation', 'warn', 'A certificate was accepted with unknown revocation status (soft policy)', time, {
        facts: [['issuer', issuer], ['serial number', serialNumber], ['SHA-256', fingerprint256]],
        reason: why
      })
    },
    'peerkit:rules:reloaded': ({ time, file, generation }) => {
      report('rules', 'good', 'Rules reloaded', time, { facts: [['file', file], ['generation', generation]] })
    },
    'peerkit:rules:refused': ({ time, file, generation, error }) => {
      report(
        'rules',
        'bad',
        'New rules refused, the old ones stay in force',
        time,
        { facts: [['file', file], ['generation', generation]], message: error.message }
      )
    },
    'peerkit:expiry:soon': ({ time, what, name, notAfter, left, threshold }) => {
      report('expiry', left <= 0 ? 'bad' : 'warn', left <= 0 ? 'Expired' : 'Expires soon', time, {
        facts: [[what, name], ['expires', new Date(notAfter).toISOString()], ['threshold', threshold]],
        reason: what
      })
    }
  }
}

function factsOfRefused ({ code, reason, authority, message, generation }: CredentialsRefusedMessage): ChangeFacts {
  return { facts: [['authority', authority], ['generation in force', generation], ['code', code]], message, reason }
}

function factsOfRevocation (
  { source, url, issuer, serialNumber }: RevocationRefreshedMessage | RevocationFailedMessage
): ChangeFacts['facts'] {
  return [['source', source], ['url', url], ['issuer', issuer], ['serial number', serialNumber]]
}
