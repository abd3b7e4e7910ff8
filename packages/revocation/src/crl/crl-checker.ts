import type { DistinguishedName, PeerIdentity } from '@peerkit/identity'
import {
  WakeAt, anything, choice, clock, count, defineOptions, flag, list, required, span
} from '@peerkit/identity/internal'
import { RevocationOptionError } from '../errors.ts'
import { Epoch } from '../policy/checker-events.ts'
import { BY_ISSUER_KEY } from '../policy/by-issuer-key.ts'
import { compilePolicy, type Permits, type RevocationPolicy } from '../policy/revocation-policy.ts'
import { CLOSED, SERIAL_UNKNOWN, type RevocationChecker, type RevocationStatus } from '../policy/revocation-status.ts'
import { CERTIFICATES } from '../x509/issuer.ts'
import { warnOfEnded } from './crl-details.ts'
import type { CrlIndex } from './crl-index.ts'
import { ForeignIssuers, loadInputs, parseInputs, type CrlInput } from './crl-inputs.ts'
import {
  assembleLists, checkBases, CLOCK_SKEW, limitToKeys, pickLists, statusOf, type ApplicableLists, type CrlList
} from './crl-lists.ts'
import { MAX_CRL_BYTES, SYNC_CRL_BYTES } from './parse-crl.ts'

/** Options of {@link crlChecker} and {@link loadCrlChecker}. */
export interface CrlCheckerOptions {
  /** Complete and delta CRLs of any of the issuers. */
  readonly crls: readonly CrlInput[]
  /** The CAs whose CRLs are accepted, parsed from their certificates. The caller must trust them. */
  readonly issuers: readonly PeerIdentity[]
  /** CRLs of other CAs: `refuse` them (default), or `ignore` them and list them in `foreign`. */
  readonly foreignCrls?: 'refuse' | 'ignore'
  /**
   * CAs that were accepted earlier. With `foreignCrls: 'ignore'`, a list that one of them signed is ignored even if an
   * accepted CA has the same name, as after a change of keys. A list whose authority key identifier fits no accepted
   * CA of its name is also ignored. Any other list with a wrong signature is refused.
   */
  readonly formerIssuers?: readonly PeerIdentity[]
  /** What to do if the status is `unknown`. Default `hard`: refuse. */
  readonly policy?: RevocationPolicy
  /** How far in the future thisUpdate of a CRL may be, in milliseconds. Default 60,000. nextUpdate has no tolerance. */
  readonly clockSkew?: number
  /**
   * Maximum size of one CRL for `load` and `loadCrlChecker`, in bytes. Default 128 MiB. Synchronous parsing is also
   * limited to 1 MiB.
   */
  readonly maxBytes?: number
  /**
   * Whether a process warning (`MTLS_WARN_CRL_ENDED`) tells of a list that has expired already when it is loaded: the
   * status of certificates that it does not list is then unknown. Default true. Each list is reported once.
   */
  readonly warnEnded?: boolean
  /** Returns the current time in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}

/** A checker that answers from CRLs. */
export interface CrlChecker extends RevocationChecker {
  /** Answers synchronously. */
  check (certificate: PeerIdentity, issuer: PeerIdentity | undefined): RevocationStatus
  /**
   * Replaces all lists, synchronously. Takes CRLs of at most 1 MiB each, and indexes.
   *
   * @throws CrlInvalidError if one of them is refused; the current lists then stay in use
   */
  replace (crls: readonly CrlInput[], issuers?: readonly PeerIdentity[]): void
  /** The same for CRLs of any size, without blocking the event loop. If loads overlap, the last call wins. */
  load (crls: readonly CrlInput[], issuers?: readonly PeerIdentity[]): Promise<void>
  /** The current lists. */
  readonly lists: readonly CrlIndex[]
  /** The current lists whose nextUpdate has passed. They say which certificates are revoked, but not which are good. */
  readonly ended: readonly CrlIndex[]
  /** The issuers of ignored CRLs, each once. */
  readonly foreign: readonly DistinguishedName[]
  /** Those of `foreign` that have the name of an accepted issuer and another key. */
  readonly foreignKeys: readonly DistinguishedName[]
  /** The CAs whose CRLs are accepted. */
  readonly issuers: readonly PeerIdentity[]
  /** The `formerIssuers` whose CRLs were ignored. */
  readonly formerIssuers: readonly PeerIdentity[]
}

const OPTIONS = defineOptions<CrlCheckerOptions>('crlChecker', RevocationOptionError, {
  crls: required(list('CRLs', anything)),
  issuers: required(CERTIFICATES),
  foreignCrls: choice('refuse', 'ignore'),
  formerIssuers: CERTIFICATES,
  policy: anything,
  clockSkew: span(0),
  maxBytes: count(),
  warnEnded: flag,
  now: clock
})

/**
 * Creates a checker that answers from CRLs. It parses them synchronously, so each may have at most 1 MiB ({@link
 * SYNC_CRL_BYTES}). Use {@link loadCrlChecker} for larger ones.
 *
 * @param options `crls` and `issuers` are required
 * @throws CrlInvalidError if a list is refused; `reason` says why
 * @throws RevocationOptionError if an option is wrong
 * @example
 * ```ts
 * const issuer = parsePeerIdentity(ca.der)
 * const checker = crlChecker({ crls: [(await ca.crl()).pem], issuers: [issuer] })
 * console.log(checker.check(peer, issuer)) // { state: 'good', … }
 * await checker.close()
 * ```
 */
export function crlChecker (options: CrlCheckerOptions): CrlChecker {
  const checker = new ListChecker(options)
  checker.replace(options.crls)
  return checker
}

/**
 * Creates a checker that answers from CRLs of any size. Loading blocks the event loop for at most a few milliseconds
 * at a time.
 *
 * @param options `crls` and `issuers` are required
 * @throws CrlInvalidError (as a rejection) if a list is refused; `reason` says why
 * @throws RevocationOptionError (as a rejection) if an option is wrong
 * @example
 * ```ts
 * const issuer = parsePeerIdentity(ca.der)
 * const checker = await loadCrlChecker({ crls: [(await ca.crl()).pem], issuers: [issuer], policy: 'soft' })
 * await checker.load([(await ca.crl()).pem])
 * await checker.close()
 * ```
 */
export async function loadCrlChecker (options: CrlCheckerOptions): Promise<CrlChecker> {
  const checker = new ListChecker(options)
  await checker.load(options.crls)
  return checker
}

/** The lists for one certificate, valid while the lists do not change. */
interface Resolved {
  readonly lists: readonly CrlList[]
  readonly issuer: PeerIdentity | undefined
  readonly applicable: ApplicableLists | RevocationStatus
}

class ListChecker implements CrlChecker {
  readonly #now: () => number
  readonly #skew: number
  readonly #maxBytes: number
  readonly #permits: Permits
  readonly #ignoresForeign: boolean
  readonly #formerIssuers: readonly PeerIdentity[]
  /** The ended lists that were reported. Undefined: none is reported. */
  readonly #told: Set<string> | undefined
  readonly #epoch: Epoch = new Epoch()
  readonly #boundary: WakeAt
  readonly #resolved: WeakMap<PeerIdentity, Resolved> = new WeakMap()
  #issuers: readonly PeerIdentity[]
  #indexes: readonly CrlIndex[] = []
  #foreign: ForeignIssuers
  #lists: readonly CrlList[] = []
  #turn: number = 0
  #closed: boolean = false

  constructor (options: CrlCheckerOptions) {
    OPTIONS.check(options)
    this.#now = options.now ?? Date.now
    this.#skew = options.clockSkew ?? CLOCK_SKEW
    this.#maxBytes = options.maxBytes ?? MAX_CRL_BYTES
    this.#permits = compilePolicy(options.policy, this.#now, this)
    this.#ignoresForeign = options.foreignCrls === 'ignore'
    this.#told = options.warnEnded === false ? undefined : new Set()
    this.#issuers = Object.freeze([...options.issuers])
    this.#formerIssuers = Object.freeze([...options.formerIssuers ?? []])
    this.#foreign = this.#noForeign()
    this.#boundary = new WakeAt(() => { this.#passBoundary() }, { now: this.#now })
  }

  get epoch (): number {
    // The timer may be late, for example after the machine has slept.
    if (this.#boundary.isDue) this.#passBoundary()
    return this.#epoch.value
  }

  get lists (): readonly CrlIndex[] { return this.#indexes }

  get ended (): readonly CrlIndex[] {
    const now = this.#now()
    const indexes = new Set(this.#lists.flatMap(({ base, delta }) => delta === undefined ? [base] : [base, delta]))
    return [...indexes].filter(({ nextUpdate }) => nextUpdate <= now)
  }

  get foreign (): readonly DistinguishedName[] { return this.#foreign.names }

  get foreignKeys (): readonly DistinguishedName[] { return this.#foreign.otherKeys }

  get issuers (): readonly PeerIdentity[] { return this.#issuers }

  get formerIssuers (): readonly PeerIdentity[] { return this.#foreign.former }

  check (certificate: PeerIdentity, issuer: PeerIdentity | undefined): RevocationStatus {
    return this.#check(certificate, issuer, (applicable) => applicable)
  }

  [BY_ISSUER_KEY] (certificate: PeerIdentity, issuer: PeerIdentity | undefined): RevocationStatus {
    return this.#check(certificate, issuer, limitToKeys)
  }

  #check (
    certificate: PeerIdentity, issuer: PeerIdentity | undefined, choose: (lists: ApplicableLists) => ApplicableLists
  ): RevocationStatus {
    if (this.#closed) return CLOSED
    const serialNumber = certificate.serialNumber
    if (serialNumber === undefined) return SERIAL_UNKNOWN
    const time = this.#now()
    // The timer may be late.
    if (time >= this.#boundary.at) this.#passBoundary()
    let resolved = this.#resolved.get(certificate)
    if (resolved === undefined || resolved.lists !== this.#lists || resolved.issuer !== issuer) {
      resolved = { lists: this.#lists, issuer, applicable: pickLists(this.#lists, certificate, issuer) }
      this.#resolved.set(certificate, resolved)
    }
    const applicable = resolved.applicable
    return 'state' in applicable ? applicable : statusOf(choose(applicable), serialNumber, time, this.#skew)
  }

  permits (status: RevocationStatus, certificate: PeerIdentity): boolean {
    return this.#permits(status, certificate)
  }

  subscribe (listener: () => void): () => void {
    return this.#epoch.subscribe(listener)
  }

  replace (crls: readonly CrlInput[], issuers: readonly PeerIdentity[] = this.#issuers): void {
    this.#turn++
    const foreign = this.#noForeign()
    const maxBytes = Math.min(SYNC_CRL_BYTES, this.#maxBytes)
    this.#accept(parseInputs(crls, { issuers, maxBytes, ...foreign.reading }), issuers, foreign)
  }

  async load (crls: readonly CrlInput[], issuers: readonly PeerIdentity[] = this.#issuers): Promise<void> {
    const turn = ++this.#turn
    const foreign = this.#noForeign()
    const indexes = await loadInputs(crls, { issuers, maxBytes: this.#maxBytes, ...foreign.reading })
    // A later call has replaced the lists already, or will do so soon.
    if (turn === this.#turn) this.#accept(indexes, issuers, foreign)
  }

  async close (): Promise<void> {
    this.#closed = true
    this.#turn++
    this.#boundary.clear()
    this.#indexes = []
    this.#lists = []
    this.#epoch.move()
    this.#epoch.clear()
  }

  #accept (indexes: readonly CrlIndex[], issuers: readonly PeerIdentity[], foreign: ForeignIssuers): void {
    if (this.#closed) return
    checkBases(indexes)
    this.#issuers = issuers
    this.#indexes = Object.freeze([...indexes])
    this.#foreign = foreign
    this.#passBoundary()
    if (this.#told !== undefined) warnOfEnded(this.ended, this.#told)
  }

  /** Selects the lists that apply from now on, until the next one begins or expires. */
  #passBoundary (): void {
    const time = this.#now()
    this.#lists = assembleLists(this.#indexes, time + this.#skew)
    const begins = this.#indexes.map(({ thisUpdate }) => thisUpdate - this.#skew)
    const ends = this.#lists.flatMap(({ base, delta }) => [base.nextUpdate, delta?.nextUpdate ?? Infinity])
    const next = [...begins, ...ends].filter((at) => at > time)
    this.#boundary.set(next.reduce((first, at) => Math.min(first, at), Infinity))
    this.#epoch.move()
  }

  #noForeign (): ForeignIssuers {
    return new ForeignIssuers(this.#ignoresForeign, this.#formerIssuers)
  }
}
