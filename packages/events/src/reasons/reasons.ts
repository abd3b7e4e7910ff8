import { reasonTable } from './reason-table.ts'

// The vocabulary of reasons. The same fact has the same word inbound, outbound, forwarded, in credentials, on the
// command line, in the console, in the audit log and in metrics. The words are in reason-table.ts.

/**
 * Where a reason occurs.
 *
 * - `certificate`: the evaluation of a peer's certificate. Occurs inbound, outbound and forwarded
 * - `inbound`: a handshake, or an open connection whose certificate is no longer accepted
 * - `outbound`: a call by `undici-mtls`
 * - `forwarded`: a header of a gateway
 * - `credentials`: own certificates, keys, CAs and CRLs
 */
export type ReasonPlace = 'certificate' | 'inbound' | 'outbound' | 'forwarded' | 'credentials'

/** Every reason. `docs/reasons.md` explains them. */
export type Reason = keyof typeof reasonTable

type Found<Place extends ReasonPlace> = {
  [Each in Reason]: Place extends (typeof reasonTable)[Each]['places'][number] ? Each : never
}[Reason]

/** Why a certificate is not accepted, of a client or of a server. */
export type CertificateReason = Extract<Reason, Found<'certificate'>>

/** Why a handshake was refused, or why an open connection is not accepted any more. */
export type HandshakeReason = Extract<Reason, Found<'certificate'> | Found<'inbound'>>

/** Why a header with a forwarded certificate was refused. */
export type ForwardedReason = Extract<Reason, Found<'certificate'> | Found<'forwarded'>>

/** Why an outbound connection failed. */
export type OutboundReason = Extract<Reason, Found<'certificate'> | Found<'outbound'>>

/** Why own credentials were refused. */
export type CredentialsReason = Extract<Reason, Found<'credentials'>>

/** What a reason means, and what to do about it. */
export interface ReasonText {
  /** One or more sentences: what happened. */
  readonly meaning: string
  /** One or more sentences: what to do. */
  readonly remedy: string
}

/** Where a reason occurs, and its text. */
export interface ReasonEntry extends ReasonText {
  readonly places: readonly ReasonPlace[]
}

/**
 * Every reason with its places and its text, in the order of docs/reasons.md.
 *
 * @example
 * ```ts
 * console.log(reasons.expired.remedy)
 * ```
 */
export const reasons: Readonly<Record<Reason, ReasonEntry>> = Object.freeze(Object.fromEntries(
  Object.entries(reasonTable).map(([reason, entry]) => [reason, entryOf(entry)])
) as Record<Reason, ReasonEntry>)

/**
 * Whether a word is a {@link CertificateReason}.
 *
 * @example
 * ```ts
 * console.log(isCertificateReason('expired'), isCertificateReason('network')) // true false
 * ```
 */
export function isCertificateReason (word: string): word is CertificateReason {
  return Object.hasOwn(reasons, word) && reasons[word as Reason].places.includes('certificate')
}

const requestTable = {
  no_identity: 'The request has no client certificate.',
  no_match: 'The certificate is accepted, but no rule of this route matches it. See the closest rule for what differs.',
  incomplete_identity: `A rule needs a value that is not known: a gateway forwarded too little of the certificate, or
    its authority does not vouch for the names in the rules.`,
  incomplete_request: `A rule compares the certificate with a value of the request, which the request does not have
    exactly once, or which is invalid. See the closest rule.`,
  predicate_refused: 'No rule matched, and the predicate returned false.',
  predicate_failed: 'The predicate threw an error. This is a bug of the service; its log has the stack.',
  no_rule: 'The route has no rule, so it is closed. Add a rule.',
  rules_changed: 'Reloaded rules no longer allow this client. Its WebSocket was closed.'
}

/**
 * Why a request was denied: an `AuthorizationReason` of `@peerkit/rules`; `no_rule` for a route without a rule;
 * `rules_changed` if reloaded rules no longer allow the client of an open WebSocket.
 */
export type RequestReason = keyof typeof requestTable

/**
 * What each reason of a denied request means, and what to do. docs/reasons.md is generated from it.
 *
 * @example
 * ```ts
 * console.log(requestReasons.no_rule) // The route has no rule, so it is closed. Add a rule.
 * ```
 */
export const requestReasons: Readonly<Record<RequestReason, string>> = Object.freeze(Object.fromEntries(
  Object.entries(requestTable).map(([reason, text]) => [reason, onOneLine(text)])
) as Record<RequestReason, string>)

function entryOf ({ places, meaning, remedy }: ReasonEntry): ReasonEntry {
  return Object.freeze({ places: Object.freeze(places), meaning: onOneLine(meaning), remedy: onOneLine(remedy) })
}

function onOneLine (text: string): string { return text.replace(/\s+/g, ' ') }
