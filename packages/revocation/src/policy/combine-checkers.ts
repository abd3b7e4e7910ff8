import { joinEmitter } from '@peerkit/events'
import type { PeerIdentity } from '@peerkit/identity'
import {
  anything, checkOption, choice, clock, defineOptions, isThenable, list, required, whenAllSettled,
  whenSettled
} from '@peerkit/identity/internal'
import { RevocationOptionError } from '../errors.ts'
import { BY_ISSUER_KEY, byIssuerKey, type KeyedChecker } from './by-issuer-key.ts'
import {
  askChecker, joinDetails, statusAt, type RevocationChecker, type RevocationStatus, type UnknownStatus
} from './revocation-status.ts'

/** Options of {@link combineCheckers}. */
export interface CombineOptions {
  /**
   * `all` (default): asks every checker. One that says revoked decides, else one that says good. `first`: asks them in
   * order, and stops at the first that does not answer `unknown`. This saves queries, but an older good may hide a
   * newer revoked.
   */
  readonly ask?: 'all' | 'first'
  /** Returns the current time in milliseconds since the epoch: a good answer ends with it. Default `Date.now`. */
  readonly now?: () => number
}

const OPTIONS = defineOptions<CombineOptions>('combineCheckers', RevocationOptionError, {
  ask: choice('all', 'first'), now: clock
})
const CHECKERS = required(list('at least one revocation checker', anything, 1))

/**
 * Combines several checkers into one, such as a CRL and an OCSP checker. A status is permitted if each of them
 * permits it. Closing the result closes all of them.
 *
 * @param checkers at least one
 * @throws RevocationOptionError if there is no checker or an option is wrong
 * @example
 * ```ts
 * const issuers = [parsePeerIdentity(ca.der)]
 * const crls = crlChecker({ crls: [(await ca.crl()).pem], issuers })
 * const ocsp = ocspChecker({ urls: 'http://ocsp.internal/', issuers })
 * const checker = combineCheckers([crls, ocsp], { ask: 'first' })
 * console.log((await checker.check(peer, issuers[0])).state) // good
 * await checker.close()
 * ```
 */
export function combineCheckers (
  checkers: readonly RevocationChecker[],
  options: CombineOptions = {}
): RevocationChecker {
  OPTIONS.check(options)
  checkOption(checkers, CHECKERS, 'checkers', RevocationOptionError)
  const { ask: mode = 'all', now = Date.now } = options
  const members = Object.freeze([...checkers]) as readonly RevocationChecker[]
  const check = (
    asked: readonly RevocationChecker[], certificate: PeerIdentity, issuer: PeerIdentity | undefined
  ): RevocationStatus | Promise<RevocationStatus> =>
    mode === 'all' ? checkAll(asked, certificate, issuer, now) : checkFrom(asked, [], certificate, issuer, now)
  const combined = {
    // No epoch ever decreases, so the sum changes whenever one of them does.
    get epoch () {
      return members.reduce((sum, { epoch }) => sum + epoch, 0)
    },
    check: (certificate, issuer) => check(members, certificate, issuer),
    [BY_ISSUER_KEY]: (certificate: PeerIdentity, issuer: PeerIdentity | undefined) =>
      check(members.map(byIssuerKey), certificate, issuer),
    permits: (status, certificate) => members.every((member) => member.permits(status, certificate) === true),
    subscribe (listener) {
      const ends = members.map((member) => member.subscribe(listener))
      return () => { for (const end of ends) end() }
    },
    async close () { await Promise.all(members.map(async (member) => { await member.close() })) }
  } satisfies KeyedChecker
  for (const member of members) joinEmitter(member, combined)
  return combined
}

function checkAll (
  members: readonly RevocationChecker[],
  certificate: PeerIdentity,
  issuer: PeerIdentity | undefined,
  now: () => number
): RevocationStatus | Promise<RevocationStatus> {
  const answers: (RevocationStatus | Promise<RevocationStatus>)[] = []
  for (const member of members) {
    const answer = askChecker(member, certificate, issuer)
    if (!isThenable(answer) && answer.state === 'revoked') return answer
    answers.push(answer)
  }
  return whenAllSettled(answers, (statuses) => {
    const time = now()
    return join(statuses.map((status) => statusAt(status, time)))
  })
}

/** Asks one after the other. `unknowns` are the answers of those before. */
function checkFrom (
  [member, ...others]: readonly RevocationChecker[],
  unknowns: readonly UnknownStatus[],
  certificate: PeerIdentity,
  issuer: PeerIdentity | undefined,
  now: () => number
): RevocationStatus | Promise<RevocationStatus> {
  if (member === undefined) return joinUnknowns(unknowns)
  return whenSettled(askChecker(member, certificate, issuer), (answer) => {
    const status = statusAt(answer, now())
    return status.state === 'unknown' ? checkFrom(others, [...unknowns, status], certificate, issuer, now) : status
  })
}

function join (answers: readonly RevocationStatus[]): RevocationStatus {
  let good: RevocationStatus | undefined
  const unknowns: UnknownStatus[] = []
  for (const answer of answers) {
    if (answer.state === 'revoked') return answer
    if (answer.state === 'unknown') unknowns.push(answer)
    else if (good === undefined || (good.state === 'good' && answer.until < good.until)) good = answer
  }
  return good ?? joinUnknowns(unknowns)
}

function joinUnknowns (unknowns: readonly UnknownStatus[]): UnknownStatus {
  const detail = joinDetails(unknowns.map((unknown) => unknown.detail))
  const why = [...new Set(unknowns.map((unknown) => unknown.why))].join(', ')
  return Object.freeze({ state: 'unknown', why, ...(detail !== undefined && { detail }) })
}
