import { explainHandshakeFailure, hintHandshakeFailure } from '@peerkit/events'
import type { HandshakeReason, RefusalDetail } from '@peerkit/events'
import { clip } from '@peerkit/identity/internal'

const MAX_MESSAGE = 500

/** What is wrong with a certificate and what to do: from the detail if there is one, otherwise from reason and code. */
export function explainConnection (
  reason: HandshakeReason, code: string | undefined, detail: RefusalDetail | undefined
): string {
  if (detail === undefined) return hintHandshakeFailure(reason, code)
  return `${clip(detail.message, MAX_MESSAGE)}. ${explainHandshakeFailure(reason, code, detail.step).remedy}`
}
