import { hintHandshakeFailure } from '@peerkit/events'
import type {
  ChainUnavailableMessage, ConnectionEndedMessage, CredentialsRecoveredMessage, CredentialsRefusedMessage,
  CredentialsRotatedMessage, CredentialsWarnedMessage, ExpiringMessage, ForwardedMessage, HandshakeRefusedMessage,
  OutboundRefusedMessage, RequestJudgedMessage, RevocationFailedMessage, RevocationSoftPassedMessage,
  RulesRefusedMessage, RulesReloadedMessage
} from '@peerkit/events'
import { clip } from '../clip.ts'
import { iso } from '../iso.ts'
import { clipNearest, describeDetail, describeWho, MAX_DETAIL, networkOf, sourceOf } from './audit-line.ts'
import type { AuditDraft } from './audit-line.ts'

export function draftHandshake (message: HandshakeRefusedMessage): AuditDraft {
  const {
    reason,
    code,
    detail,
    peer,
    fingerprint256,
    remoteAddress,
    remotePort,
    protocol,
    alpnProtocol,
    resumed
  } = message
  // Port scans, TCP health checks and clients that close the connection: this server refused nothing.
  const isNoise = reason === 'protocol'
  return {
    level: isNoise ? 'info' : 'warn',
    text: isNoise ? 'mTLS handshake failed' : 'mTLS handshake refused',
    outcome: isNoise ? 'failed' : 'denied',
    source: networkOf(remoteAddress),
    fields: {
      ...describeWho(peer, remoteAddress),
      fingerprint256: clip(fingerprint256),
      remotePort,
      reason,
      code: clip(code),
      ...describeDetail(detail),
      hint: hintHandshakeFailure(reason, code, detail?.step),
      protocol,
      alpnProtocol,
      resumed
    }
  }
}

export function draftChainUnavailable ({ message, node }: ChainUnavailableMessage): AuditDraft {
  return {
    level: 'warn',
    text: 'this Node version does not expose the intermediates that clients send',
    outcome: 'warned',
    source: 'node',
    fields: { node: clip(node), detail: clip(message, MAX_DETAIL) }
  }
}

export function draftEnded ({ reason, detail, peer, remoteAddress }: ConnectionEndedMessage): AuditDraft {
  return {
    level: 'warn',
    text: 'mTLS connection no longer accepted',
    outcome: 'denied',
    source: sourceOf(peer, remoteAddress),
    fields: {
      ...describeWho(peer, remoteAddress),
      reason,
      ...describeDetail(detail),
      hint: hintHandshakeFailure(reason, undefined, detail?.step)
    }
  }
}

export function draftForwarded (
  { reason, detail, header, peer, remoteAddress }: ForwardedMessage,
  text: string
): AuditDraft {
  return {
    level: 'warn',
    text,
    outcome: 'denied',
    source: sourceOf(peer, remoteAddress),
    fields: {
      ...describeWho(peer, remoteAddress),
      header: clip(header),
      reason: clip(reason),
      detail: clip(detail, MAX_DETAIL)
    }
  }
}

const REQUEST_LINES = {
  allowed: { level: 'info', text: 'client allowed' },
  denied: { level: 'warn', text: 'client denied' },
  reported: { level: 'warn', text: 'client would be denied' }
} as const

export function draftRequest (message: RequestJudgedMessage, outcome: keyof typeof REQUEST_LINES): AuditDraft {
  const { reason, rules, rule, group, nearest, peer, requestId, method, path, route, remoteAddress } = message
  return {
    ...REQUEST_LINES[outcome],
    outcome,
    source: sourceOf(peer, remoteAddress),
    fields: {
      ...describeWho(peer, remoteAddress),
      requestId: clip(requestId),
      method: clip(method),
      path: clip(path, MAX_DETAIL),
      route,
      reason,
      rules,
      rule,
      group,
      nearest: clipNearest(nearest)
    }
  }
}

export function draftRotated ({ identity, generation, trustChanged, notAfter }: CredentialsRotatedMessage): AuditDraft {
  return {
    level: 'info',
    text: 'new credentials in force',
    outcome: 'changed',
    source: 'credentials',
    fields: {
      ...describeWho(identity),
      generation,
      trustChanged,
      notAfter: notAfter === undefined ? undefined : iso(notAfter)
    }
  }
}

export function draftCredentialsRefused (
  { code, reason, authority, message, generation }: CredentialsRefusedMessage
): AuditDraft {
  return {
    level: 'error',
    text: 'new credentials refused, the old ones stay in force',
    outcome: 'failed',
    source: 'credentials',
    fields: { code, reason, authority, detail: clip(message, MAX_DETAIL), generation }
  }
}

export function draftCredentialsRecovered ({ authority, generation }: CredentialsRecoveredMessage): AuditDraft {
  return {
    level: 'info',
    text: 'credentials are in order again',
    outcome: 'changed',
    source: 'credentials',
    fields: { authority, generation }
  }
}

export function draftCredentialsWarned ({ message, generation }: CredentialsWarnedMessage): AuditDraft {
  return {
    level: 'warn',
    text: 'credentials accepted with a warning',
    outcome: 'warned',
    source: 'credentials',
    fields: { detail: clip(message, MAX_DETAIL), generation }
  }
}

export function draftRulesReloaded ({ file, generation }: RulesReloadedMessage): AuditDraft {
  return { level: 'info', text: 'rules reloaded', outcome: 'changed', source: file, fields: { file, generation } }
}

export function draftRulesRefused ({ file, generation, error }: RulesRefusedMessage): AuditDraft {
  const { code, reason, message } = error as Error & { code?: string, reason?: string }
  return {
    level: 'error',
    text: 'new rules refused, the old ones stay in force',
    outcome: 'failed',
    source: file,
    fields: { file, generation, code, reason, detail: clip(message, MAX_DETAIL) }
  }
}

export function draftRevocationFailed (
  { source, code, reason, message, url, issuer, serialNumber }: RevocationFailedMessage
): AuditDraft {
  return {
    level: 'error',
    text: 'revocation status could not be refreshed',
    outcome: 'failed',
    source: url ?? source,
    fields: {
      source,
      url: clip(url),
      issuer: clip(issuer),
      serialNumber: clip(serialNumber),
      code,
      reason,
      detail: clip(message, MAX_DETAIL)
    }
  }
}

export function draftSoftPassed (
  { why, issuer, serialNumber, fingerprint256 }: RevocationSoftPassedMessage
): AuditDraft {
  return {
    level: 'warn',
    text: 'certificate accepted with unknown revocation status',
    outcome: 'warned',
    source: fingerprint256 ?? 'unknown',
    fields: { fingerprint256, serialNumber: clip(serialNumber), issuer: clip(issuer), reason: why }
  }
}

export function draftExpiring (message: ExpiringMessage): AuditDraft {
  const { what, name, issuer, serialNumber, fingerprint256, authority, notAfter, left, threshold } = message
  return {
    level: left <= 0 ? 'error' : 'warn',
    text: left <= 0 ? 'certificate or CRL has expired' : 'certificate or CRL expires soon',
    outcome: 'warned',
    source: fingerprint256 ?? name,
    fields: {
      what,
      peer: clip(name),
      fingerprint256,
      serialNumber: clip(serialNumber),
      issuer: clip(issuer),
      authority,
      notAfter: iso(notAfter),
      threshold
    }
  }
}

export function draftOutbound ({ origin, code, reason, message, detail }: OutboundRefusedMessage): AuditDraft {
  return {
    level: 'warn',
    text: 'outbound connection failed',
    outcome: 'failed',
    source: origin,
    // The message of the error includes the message of the detail.
    fields: { origin: clip(origin), code, reason, ...describeDetail(detail), detail: clip(message, MAX_DETAIL) }
  }
}
