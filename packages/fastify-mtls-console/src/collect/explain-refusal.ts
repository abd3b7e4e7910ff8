import { explainHandshakeFailure, hintHandshakeFailure } from '@peerkit/events'
import type { RefusalDetail, RefusalReason, RequestRefusalReason } from '@peerkit/events'
import { clip } from './clip.ts'

const HINTS: Readonly<Record<RequestRefusalReason, string>> = {
  no_identity: 'The request came without a certificate.',
  no_match: 'The certificate is accepted, but no rule of this route means it. The closest rule says what differs.',
  incomplete_identity: 'Too little is known of the client to tell: a gateway passed on too little of the certificate, ' +
    'or its authority does not vouch for the names that the rules ask for.',
  predicate_refused: 'No rule matched, and the function that was asked said no.',
  predicate_failed: 'The function that was asked threw. That is a bug of the service; its log has the stack.',
  no_rule: 'Nothing says who may call this route, so it is closed. Give it rules.',
  rules_changed: 'Reloaded rules no longer allow this client, whose WebSocket was open.'
}
const MAX_MESSAGE = 500

/** What the reason of a denied request means; undefined for one that is not known here. */
export function explainRefusal (reason: string | undefined): string | undefined {
  return reason !== undefined && Object.hasOwn(HINTS, reason) ? HINTS[reason as RequestRefusalReason] : undefined
}

/**
 * What is wrong with a certificate, and what to do: in the words of the refusal where it has some, else by its reason
 * and code.
 */
export function explainConnection (
  reason: RefusalReason, code: string | undefined, detail: RefusalDetail | undefined
): string {
  if (detail === undefined) return hintHandshakeFailure(reason, code)
  return `${clip(detail.message, MAX_MESSAGE) as string}. ${explainHandshakeFailure(reason, code, detail.step).remedy}`
}
