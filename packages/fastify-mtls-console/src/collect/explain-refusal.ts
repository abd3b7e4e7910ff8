import { explainHandshakeFailure, hintHandshakeFailure } from '@peerkit/events'
import type { RefusalDetail, RefusalReason, RequestRefusalReason } from '@peerkit/events'
import { clip } from './clip.ts'

const HINTS: Readonly<Record<RequestRefusalReason, string>> = {
  no_identity: 'The request has no client certificate.',
  no_match: 'The certificate is accepted, but no rule of this route matches it. See the closest rule for what differs.',
  incomplete_identity: 'A rule needs a value that is not known: a gateway forwarded too little of the certificate, ' +
    'or its authority does not vouch for the names in the rules.',
  predicate_refused: 'No rule matched, and the predicate returned false.',
  predicate_failed: 'The predicate threw an error. This is a bug of the service; its log has the stack.',
  no_rule: 'The route has no rule, so it is closed. Add a rule.',
  rules_changed: 'Reloaded rules no longer allow this client. Its WebSocket was closed.'
}
const MAX_MESSAGE = 500

/** What the reason of a denied request means. Undefined for an unknown reason. */
export function explainRefusal (reason: string | undefined): string | undefined {
  return reason !== undefined && Object.hasOwn(HINTS, reason) ? HINTS[reason as RequestRefusalReason] : undefined
}

/** What is wrong with a certificate and what to do: from the detail if there is one, otherwise from reason and code. */
export function explainConnection (
  reason: RefusalReason, code: string | undefined, detail: RefusalDetail | undefined
): string {
  if (detail === undefined) return hintHandshakeFailure(reason, code)
  return `${clip(detail.message, MAX_MESSAGE) as string}. ${explainHandshakeFailure(reason, code, detail.step).remedy}`
}
