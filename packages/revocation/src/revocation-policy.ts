import { revocationSoftPassed } from '@peerkit/events'
import { parseDistinguishedName, type DistinguishedName, type PeerIdentity } from '@peerkit/identity'
import { optionInvalid } from './errors.ts'
import type { RevocationStatus, UnknownStatus } from './revocation-status.ts'
import { isSameName } from './same-name.ts'

/** `hard`: what is not known to be good is refused. `soft`: what is not known to be revoked passes, loudly. */
export type RevocationMode = 'hard' | 'soft'

/**
 * What to do about `unknown`. The default is `hard`: whoever can keep a list or a responder from us (by cutting a cable, or by serving an old
 * list until it ends) could otherwise keep a stolen key alive, which is the very case revocation is for.
 */
export type RevocationPolicy = RevocationMode | {
  /** For issuers that are not named. Default `hard`. */
  readonly default?: RevocationMode
  /** By the issuer's name, as an RFC 4514 string. */
  readonly issuers?: Readonly<Record<string, RevocationMode>>
}

export type Permits = (status: RevocationStatus, certificate: PeerIdentity) => boolean

const MAX_WARNINGS = 100
const ANSWER_EXPIRED = { why: 'answer_expired' }

/** Checks a policy before there is a list to use it with. @throws MTLS_ERR_REVOCATION_OPTION */
export function checkRevocationPolicy (policy: RevocationPolicy): void {
  compileModes(policy)
}

/** Turns a policy into the decision it stands for. */
export function compilePolicy (policy: RevocationPolicy | undefined, now: () => number): Permits {
  const modeOf = compileModes(policy ?? 'hard')
  const warned = new Set<string>()
  return (status, certificate) => {
    if (status.state === 'revoked') return false
    // An answer that somebody kept for too long is no answer.
    if (status.state === 'good' && now() < status.until) return true
    if (modeOf(certificate.issuer) !== 'soft') return false
    announce(status.state === 'unknown' ? status : ANSWER_EXPIRED, certificate, warned, now())
    return true
  }
}

function compileModes (policy: RevocationPolicy): (issuer: DistinguishedName | undefined) => RevocationMode {
  if (typeof policy === 'string') {
    const mode = checkMode(policy, 'policy')
    return () => mode
  }
  if (policy === null || typeof policy !== 'object') {
    throw optionInvalid(`policy is ${String(policy)}, expected "hard", "soft" or { default, issuers }`)
  }
  for (const key of Object.keys(policy)) {
    if (key !== 'default' && key !== 'issuers') {
      throw optionInvalid(`policy.${key} is not known, expected default or issuers`)
    }
  }
  const fallback = checkMode(policy.default ?? 'hard', 'policy.default')
  const named = Object.entries(policy.issuers ?? {}).map(([name, mode]) => ({
    name: parseDistinguishedName(name),
    mode: checkMode(mode, `policy.issuers["${name}"]`)
  }))
  return (issuer) => {
    if (issuer === undefined) return fallback
    return named.find(({ name }) => isSameName(name, issuer))?.mode ?? fallback
  }
}

function checkMode (mode: unknown, path: string): RevocationMode {
  if (mode !== 'hard' && mode !== 'soft') {
    throw optionInvalid(`${path} is ${JSON.stringify(mode)}, expected "hard" or "soft"`)
  }
  return mode
}

/** A pass without an answer is published each time, and warned of once per issuer and cause. */
function announce (
  { why, detail }: Pick<UnknownStatus, 'why' | 'detail'>, certificate: PeerIdentity, warned: Set<string>, time: number
): void {
  const issuer = certificate.issuer?.toString()
  if (revocationSoftPassed.hasSubscribers) {
    revocationSoftPassed.publish({
      v: 1,
      time,
      why,
      issuer,
      serialNumber: certificate.serialNumber,
      fingerprint256: certificate.fingerprint256
    })
  }
  const key = `${why} ${issuer ?? ''}`
  if (warned.has(key) || warned.size >= MAX_WARNINGS) return
  warned.add(key)
  const cause = detail === undefined ? why : `${why}: ${detail}`
  const who = `A certificate issued by ${issuer ?? 'an unknown issuer'}`
  process.emitWarning(`${who} passed without its revocation status being known (${cause}), as the soft policy allows`,
    { type: 'PeerkitWarning', code: 'MTLS_WARN_REVOCATION_UNKNOWN' })
}
