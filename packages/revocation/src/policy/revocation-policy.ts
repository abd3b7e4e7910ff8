import { EMITTER, revocationSoftPassed } from '@peerkit/events'
import { parseDistinguishedName, type DistinguishedName, type PeerIdentity } from '@peerkit/identity'
import { anything, checkOption, choice, defineOptions, required, wrongValue } from '@peerkit/identity/internal'
import { RevocationOptionError } from '../errors.ts'
import { isSameName } from '../x509/issuer.ts'
import { statusAt, type RevocationStatus, type UnknownStatus } from './revocation-status.ts'

/**
 * `hard`: a certificate is refused unless it is known to be good. `soft`: a certificate is permitted unless it is
 * known to be revoked; each `unknown` is published and warned about.
 */
export type RevocationMode = 'hard' | 'soft'

/**
 * What to do if the status is `unknown`. Default `hard`: otherwise an attacker with a stolen key could keep using it
 * by blocking the CRL or the responder, or by serving an old list until it expires.
 */
export type RevocationPolicy = RevocationMode | {
  /** For all other issuers. Default `hard`. */
  readonly default?: RevocationMode
  /** By the issuer's name as an RFC 4514 string, such as `CN=Example CA,O=Example`. */
  readonly issuers?: Readonly<Record<string, RevocationMode>>
}

export type Permits = (status: RevocationStatus, certificate: PeerIdentity) => boolean

const MODE = required(choice('hard', 'soft'))
const OPTIONS = defineOptions<Exclude<RevocationPolicy, string>>('policy', RevocationOptionError, {
  default: choice('hard', 'soft'), issuers: anything
})
const MAX_WARNINGS = 100

/**
 * Checks a policy without using it.
 *
 * @param policy the value of a `policy` option
 * @throws RevocationOptionError if the policy is not valid
 * @example
 * ```ts
 * checkRevocationPolicy({ default: 'hard', issuers: { 'CN=Short-lived CA': 'soft' } })
 * ```
 */
export function checkRevocationPolicy (policy: RevocationPolicy): void {
  compileModes(policy)
}

/** Compiles a policy to a function. @param emitter the checker that has the policy */
export function compilePolicy (
  policy: RevocationPolicy | undefined, now: () => number, emitter: object
): Permits {
  const modeOf = compileModes(policy ?? 'hard')
  const warned = new Set<string>()
  return (status, certificate) => {
    const time = now()
    const current = statusAt(status, time)
    if (current.state !== 'unknown') return current.state === 'good'
    if (modeOf(certificate.issuer) !== 'soft') return false
    announce(current, certificate, warned, { emitter, time })
    return true
  }
}

/** What a policy says of the certificates of an issuer. @throws RevocationOptionError */
export function compileModes (policy: RevocationPolicy): (issuer: DistinguishedName | undefined) => RevocationMode {
  if (typeof policy === 'string') {
    checkOption(policy, MODE, 'policy', RevocationOptionError)
    return () => policy
  }
  if (policy === null || typeof policy !== 'object') {
    throw wrongValue(RevocationOptionError, 'policy', policy, '"hard", "soft" or { default, issuers }')
  }
  OPTIONS.check(policy, 'policy')
  const fallback = policy.default ?? 'hard'
  const named = Object.entries(policy.issuers ?? {}).map(([name, mode]) => {
    checkOption(mode, MODE, `policy.issuers["${name}"]`, RevocationOptionError)
    return { name: parseDistinguishedName(name), mode }
  })
  return (issuer) => {
    if (issuer === undefined) return fallback
    return named.find(({ name }) => isSameName(name, issuer))?.mode ?? fallback
  }
}

/** Publishes each permitted `unknown`, and warns once per issuer and cause. */
function announce (
  { why, detail }: Pick<UnknownStatus, 'why' | 'detail'>,
  certificate: PeerIdentity,
  warned: Set<string>,
  { emitter, time }: { readonly emitter: object, readonly time: number }
): void {
  const issuer = certificate.issuer?.toString()
  if (revocationSoftPassed.hasSubscribers) {
    revocationSoftPassed.publish({
      v: 1,
      time,
      [EMITTER]: () => emitter,
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
  process.emitWarning(`${who} was permitted by the soft policy, though its revocation status is not known (${cause})`,
    { type: 'PeerkitWarning', code: 'MTLS_WARN_REVOCATION_UNKNOWN' })
}
