import { explainHandshakeFailure, hintHandshakeFailure, requestReasons } from '@peerkit/events'
import type { HandshakeReason, RefusalDetail, RequestReason } from '@peerkit/events'
import { clip } from './clip.ts'

const MAX_MESSAGE = 500

/** What the reason of a denied request means. Undefined for an unknown reason. */
export function explainRefusal (reason: string | undefined): string | undefined {
  return reason !== undefined && Object.hasOwn(requestReasons, reason)
    ? requestReasons[reason as RequestReason]
    : undefined
}

/** What is wrong with a certificate and what to do: from the detail if there is one, otherwise from reason and code. */
export function explainConnection (
  reason: HandshakeReason, code: string | undefined, detail: RefusalDetail | undefined
): string {
  if (detail === undefined) return hintHandshakeFailure(reason, code)
  return `${clip(detail.message, MAX_MESSAGE) as string}. ${explainHandshakeFailure(reason, code, detail.step).remedy}`
}
