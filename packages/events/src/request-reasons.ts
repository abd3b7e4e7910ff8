/**
 * Why a request was denied: an `AuthorizationReason` of `@peerkit/rules`; `no_rule` for a route without a rule;
 * `rules_changed` if reloaded rules no longer allow the client of an open WebSocket.
 */
export type RequestReason =
  | 'no_identity' | 'no_match' | 'incomplete_identity' | 'predicate_refused' | 'predicate_failed' | 'no_rule'
  | 'rules_changed'

/**
 * What each reason of a denied request means, and what to do. docs/reasons.md is generated from it.
 *
 * @example
 * ```ts
 * console.log(requestReasons.no_rule) // The route has no rule, so it is closed. Add a rule.
 * ```
 */
export const requestReasons: Readonly<Record<RequestReason, string>> = Object.freeze({
  no_identity: 'The request has no client certificate.',
  no_match: 'The certificate is accepted, but no rule of this route matches it. See the closest rule for what differs.',
  incomplete_identity: 'A rule needs a value that is not known: a gateway forwarded too little of the certificate, ' +
    'or its authority does not vouch for the names in the rules.',
  predicate_refused: 'No rule matched, and the predicate returned false.',
  predicate_failed: 'The predicate threw an error. This is a bug of the service; its log has the stack.',
  no_rule: 'The route has no rule, so it is closed. Add a rule.',
  rules_changed: 'Reloaded rules no longer allow this client. Its WebSocket was closed.'
})
