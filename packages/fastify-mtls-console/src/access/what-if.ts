import { authoritiesOf, checkersOf } from '@peerkit/credentials'
import type { CredentialSource } from '@peerkit/credentials'
import type { CertificateReason, CertificateStep, RefusalDetail } from '@peerkit/events'
import type { AccessPreview, Outcome } from '@peerkit/fastify-allowed-clients'
import { viewDer } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { clip, iso } from '@peerkit/identity/internal'
import type { RevocationChecker } from '@peerkit/revocation'
import { createTrustEvaluator } from '@peerkit/trust'
import type { Accepted, Decision, Refused, TrustEvaluator } from '@peerkit/trust'
import { explainConnection } from '../collect/draft-events.ts'
import type { ConsoleState } from '../console-state.ts'
import { hasNamedAuthorities } from '../trust/authorities.ts'
import { listClaims, showCertificate } from '../trust/show-certificate.ts'
import type { ShownCertificate } from '../trust/show-certificate.ts'
import { findRoutes } from './route-map.ts'
import type { MappedRoute } from './route-map.ts'

/** The answer of a route to the certificate. */
export interface WhatIfRoute {
  readonly route: string
  readonly outcome: Outcome
  readonly requirements: ReadonlyArray<{
    readonly rules: string
    readonly mode: 'enforce' | 'report-only'
    readonly outcome: string
    readonly explanation: readonly string[]
  }>
}

/** The result for a pasted certificate. */
export interface WhatIfAnswer {
  readonly certificate: ShownCertificate
  readonly handshake: HandshakeForecast
  readonly routes: readonly WhatIfRoute[]
  /** Routes beyond those shown. */
  readonly more: number
}

/** The largest number of routes, because an explanation checks every rule. */
const MAX_ROUTES = 200

/** Checks a certificate as if it called. Nothing is counted or published, and predicates are not called. */
export async function askWhatIf (
  state: ConsoleState, leaf: PeerIdentity, sent: readonly PeerIdentity[], filter: string
): Promise<WhatIfAnswer> {
  const { routes } = findRoutes(state, filter)
  const { forecast, peer } = await previewHandshake(leaf, sent, state)
  // Rules see only what the authority vouches for.
  const client = peer ?? leaf
  return {
    certificate: showCertificate(client),
    handshake: forecast,
    routes: routes.slice(0, MAX_ROUTES).map((route) => evaluate(route, client)),
    more: Math.max(0, routes.length - MAX_ROUTES)
  }
}

function evaluate (route: MappedRoute, client: PeerIdentity): WhatIfRoute {
  const { outcome, requirements } = route.evaluate(client)
  return { route: route.name, outcome, requirements: requirements.map(explain) }
}

function explain (
  { rules, mode, outcome, explain }: AccessPreview['requirements'][number]
): WhatIfRoute['requirements'][number] {
  const explanation = explain()
  const lines = explanation === undefined
    ? [outcome === 'allowed' ? 'every authenticated client may call' : 'the route has no rule']
    : String(explanation).split('\n').filter((line) => !line.startsWith('peer: '))
  return { rules, mode, outcome, explanation: lines.map((line) => clip(line, 500)) }
}

/** A check of the handshake. */
interface Check {
  readonly name: CheckName
  /** Undefined if the certificate was refused before this check was complete. */
  readonly holds: boolean | undefined
  readonly note: string
}

export interface HandshakeForecast {
  readonly accepted: boolean
  /** For a refusal: its reason, as in the log. */
  readonly reason: CertificateReason | undefined
  /** For a refusal: the certificate and the step. */
  readonly detail: RefusalDetail | undefined
  /** For a refusal: what to do. */
  readonly hint: string | undefined
  /** The authority that accepts the certificate. */
  readonly authority: string | undefined
  /** For a certificate with only serverAuth: until when its authority accepts it, in milliseconds since the epoch. */
  readonly acceptedUntil: number | undefined
  readonly checks: readonly Check[]
}

/** In the order of the page. Revocation is checked last. */
const NAMES = ['Time', 'Issuer', 'Use', 'Names', 'Other rules', 'Revocation'] as const
type CheckName = typeof NAMES[number]

const CHECK_OF: Readonly<Partial<Record<CertificateStep, CheckName>>> = {
  expired: 'Time',
  not_yet_valid: 'Time',
  unknown_ca: 'Issuer',
  signature_invalid: 'Issuer',
  anchors_invalid: 'Issuer',
  wrong_purpose: 'Use',
  ca_as_leaf: 'Use',
  outside_authority: 'Names',
  revoked: 'Revocation',
  revocation_unknown: 'Revocation'
}

interface HandshakePreview {
  readonly forecast: HandshakeForecast
  /** For an accepted certificate: the identity that rules see. */
  readonly peer: PeerIdentity | undefined
}

/**
 * Verifies a certificate as a handshake does. A real handshake also needs OpenSSL to accept it, and the client to have
 * the key.
 *
 * @param sent the other pasted certificates
 */
async function previewHandshake (
  leaf: PeerIdentity, sent: readonly PeerIdentity[], { handshakes, credentials, revocation }: ConsoleState
): Promise<HandshakePreview> {
  const decision: Decision = await handshakes.evaluate(derOf(leaf), { sent: sent.map(derOf) })
  if (!decision.accepted) return { forecast: describeRefused(decision), peer: undefined }
  const { peer, authority, serverAuthOnly } = decision
  const { current } = credentials
  const settings = current.authorities.find(({ name }) => name === authority)
  const acceptedUntil = serverAuthOnly ? settings?.serverAuthOnlyUntil : undefined
  const isChecked = revocation !== undefined || (settings !== undefined && checkersOf(settings).length > 0)
  const checks = describeAccepted(decision, { isChecked, isNamed: hasNamedAuthorities(current), acceptedUntil })
  const unrefused = { accepted: true, reason: undefined, detail: undefined, hint: undefined }
  return { forecast: { ...unrefused, authority, acceptedUntil, checks }, peer }
}

function derOf (certificate: PeerIdentity): Uint8Array {
  // Pasted certificates were parsed from DER.
  return viewDer(certificate) as Uint8Array
}

interface Circumstances {
  /** Whether revocation is checked. */
  readonly isChecked: boolean
  /** Whether authorities are shown. */
  readonly isNamed: boolean
  readonly acceptedUntil: number | undefined
}

function describeAccepted (decision: Accepted, { isChecked, isNamed, acceptedUntil }: Circumstances): readonly Check[] {
  const { peer, authority, notAfter } = decision
  const notes: Readonly<Record<CheckName, string>> = {
    Time: `the whole path is valid now and until ${describeEnd(notAfter)}`,
    Issuer: `leads to ${String(peer.chain?.at(-1))}${isNamed ? `, a CA of authority "${authority}"` : ''}`,
    Use: acceptedUntil === undefined
      ? 'allowed for clients'
      : `only serverAuth, which authority "${authority}" accepts until ${describeEnd(acceptedUntil)}`,
    Names: describeNamesOf(peer, isNamed),
    'Other rules': 'satisfies RFC 5280',
    Revocation: isChecked
      ? 'not revoked, or accepted by the soft policy'
      : 'not checked: there are no CRLs and no checker'
  }
  return NAMES.map((name) => ({ name, holds: true, note: notes[name] }))
}

/** Claims that the authority does not vouch for are no reason to refuse, but rules on them do not match. */
function describeNamesOf (peer: PeerIdentity, isNamed: boolean): string {
  if (!isNamed) return 'any name is allowed'
  const claims = listClaims(peer)
  const within = `within what authority "${peer.authority ?? 'default'}" vouches for`
  return claims.length === 0 ? within : `${within}; claimed and not believed: ${claims.join(', ')}`
}

function describeRefused ({ reason, detail }: Refused): HandshakeForecast {
  const failed = CHECK_OF[detail.step as CertificateStep] ?? 'Other rules'
  const others = failed === 'Revocation'
    ? { holds: true, note: 'holds' }
    : { holds: undefined, note: 'not checked: another check failed before' }
  const checks = NAMES.map((name): Check =>
    name === failed ? { name, holds: false, note: detail.message } : { name, ...others })
  const hint = explainConnection(reason, undefined, detail)
  return { accepted: false, reason, detail, hint, authority: undefined, acceptedUntil: undefined, checks }
}

function describeEnd (time: number): string { return iso(time) ?? 'a year out of range' }

/** Creates an evaluator that verifies certificates as the handshakes of this service do. It caches nothing. */
export function createHandshakeEvaluator (
  credentials: CredentialSource, revocation: RevocationChecker | undefined, now: () => number
): TrustEvaluator {
  return createTrustEvaluator({
    authorities: () => authoritiesOf(credentials.current, 'clients', revocation),
    version: () => credentials.current.trustEpoch,
    now,
    cacheSize: 0,
    maxIntermediates: 0
  })
}
