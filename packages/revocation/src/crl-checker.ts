import type { DistinguishedName, PeerIdentity } from '@peerkit/identity'
import { CrlIndex } from './crl-index.ts'
import {
  assembleLists, checkBases, CLOCK_SKEW, judgeSerial, pickLists, type ApplicableLists, type CrlList
} from './crl-lists.ts'
import { Deadline } from './deadline.ts'
import { Epoch } from './epoch.ts'
import { crlInvalid, optionInvalid } from './errors.ts'
import { ForeignIssuers } from './foreign-issuers.ts'
import { checkFunction, checkKnownOptions, checkNumber } from './option-check.ts'
import { loadCrls, MAX_CRL_BYTES, parseCrls, SYNC_CRL_BYTES } from './parse-crl.ts'
import { compilePolicy, type Permits, type RevocationPolicy } from './revocation-policy.ts'
import {
  CLOSED, issuerMismatch, SERIAL_UNKNOWN, unknownStatus, type RevocationChecker, type RevocationStatus
} from './revocation-status.ts'
import { isNamed } from './same-name.ts'

/** A CRL: PEM text (of one or more), DER, or an index that `parseCrl` or `loadCrl` has verified. */
export type CrlInput = string | Uint8Array | CrlIndex

export interface CrlCheckerOptions {
  /** Complete and delta CRLs of any of the issuers. */
  readonly crls: readonly CrlInput[]
  /** The CAs whose CRLs count: parsed from their certificates, and trusted by the caller. */
  readonly issuers: readonly PeerIdentity[]
  /** CRLs of none of the issuers: refused (default), or left out, as `foreign` then says. */
  readonly foreignCrls?: 'refuse' | 'ignore'
  /**
   * CAs that counted before. With `foreignCrls: 'ignore'` a list that one of them signed is left out even where another
   * CA has its name, as after a rollover to a new key. So is a list whose authority key identifier is not that of a CA
   * of its name. Any other list that its CA has not signed is refused.
   */
  readonly formerIssuers?: readonly PeerIdentity[]
  /** What `unknown` means. Default `hard`: refused. */
  readonly policy?: RevocationPolicy
  /** How far ahead of ours another clock may be, in milliseconds: a CRL whose thisUpdate is that far in the future counts. Default 60,000. nextUpdate is never stretched. */
  readonly clockSkew?: number
  /** Octets of one CRL that `load` and `loadCrlChecker` take. Default 128 MiB. What is parsed at once is held to 1 MiB besides. */
  readonly maxBytes?: number
  /** The clock, in milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number
}

export interface CrlChecker extends RevocationChecker {
  /** Answers at once. */
  check (certificate: PeerIdentity, issuer: PeerIdentity | undefined): RevocationStatus
  /**
   * Replaces all lists, or none: throws MTLS_ERR_CRL_INVALID and keeps what it has where one of them is refused. For CRLs of at most 1 MiB each, and
   * for indexes.
   */
  replace (crls: readonly CrlInput[], issuers?: readonly PeerIdentity[]): void
  /** The same for CRLs of any size, without blocking the event loop. Of two loads that overlap the later one wins. */
  load (crls: readonly CrlInput[], issuers?: readonly PeerIdentity[]): Promise<void>
  /** The lists in force. */
  readonly lists: readonly CrlIndex[]
  /** Those of them whose nextUpdate has passed: they still say who is revoked, but no longer who is good. */
  readonly ended: readonly CrlIndex[]
  /** The issuers of CRLs that were left out, each once. */
  readonly foreign: readonly DistinguishedName[]
  /** Those of them whose name is that of one of the issuers, but whose key is another. */
  readonly foreignKeys: readonly DistinguishedName[]
  /** The CAs whose CRLs count. */
  readonly issuers: readonly PeerIdentity[]
  /** The `formerIssuers` whose CRLs were left out. */
  readonly formerIssuers: readonly PeerIdentity[]
}

const known = ['crls', 'issuers', 'foreignCrls', 'formerIssuers', 'policy', 'clockSkew', 'maxBytes', 'now'] as const

/**
 * Answers from CRLs. Each of them is at most 1 MiB here (SYNC_CRL_BYTES), since it is parsed at once: use {@link loadCrlChecker} for larger ones. Throws
 * MTLS_ERR_CRL_INVALID, MTLS_ERR_REVOCATION_OPTION.
 */
export function crlChecker (options: CrlCheckerOptions): CrlChecker {
  const checker = new ListChecker(options)
  checker.replace(options.crls)
  return checker
}

/** Answers from CRLs of any size, which are loaded without blocking the event loop for more than a few milliseconds at a time. */
export async function loadCrlChecker (options: CrlCheckerOptions): Promise<CrlChecker> {
  const checker = new ListChecker(options)
  await checker.load(options.crls)
  return checker
}

const ISSUER_UNKNOWN = unknownStatus('issuer_unknown', 'the issuer of the certificate is not known')

/** What one certificate was found to be subject to, as long as the lists are these. */
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
  readonly #epoch: Epoch = new Epoch()
  readonly #boundary: Deadline
  readonly #resolved: WeakMap<PeerIdentity, Resolved> = new WeakMap()
  #issuers: readonly PeerIdentity[]
  #indexes: readonly CrlIndex[] = []
  #foreign: ForeignIssuers
  #lists: readonly CrlList[] = []
  #turn: number = 0
  #closed: boolean = false

  constructor (options: CrlCheckerOptions) {
    checkKnownOptions(options, known, 'crlChecker')
    checkFunction(options.now, 'crlChecker now')
    this.#now = options.now ?? Date.now
    this.#skew = checkNumber(options.clockSkew, CLOCK_SKEW, 'crlChecker clockSkew')
    this.#maxBytes = checkNumber(options.maxBytes, MAX_CRL_BYTES, 'crlChecker maxBytes')
    this.#permits = compilePolicy(options.policy, this.#now)
    this.#ignoresForeign = checkForeign(options.foreignCrls)
    this.#issuers = checkList(options.issuers, 'issuers')
    this.#formerIssuers = checkList(options.formerIssuers ?? [], 'formerIssuers')
    this.#foreign = this.#noForeign()
    checkList(options.crls, 'crls')
    this.#boundary = new Deadline(this.#now, () => { this.#passBoundary() })
  }

  get epoch (): number {
    // The timer may be late, or the machine may have slept.
    if (this.#boundary.passed) this.#passBoundary()
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
    if (this.#closed) return CLOSED
    const serialNumber = certificate.serialNumber
    if (serialNumber === undefined) return SERIAL_UNKNOWN
    const time = this.#now()
    // The timer may be late.
    if (time >= this.#boundary.at) this.#passBoundary()
    let resolved = this.#resolved.get(certificate)
    if (resolved === undefined || resolved.lists !== this.#lists || resolved.issuer !== issuer) {
      resolved = { lists: this.#lists, issuer, applicable: resolve(this.#lists, certificate, issuer) }
      this.#resolved.set(certificate, resolved)
    }
    const applicable = resolved.applicable
    return 'state' in applicable ? applicable : judgeSerial(applicable, serialNumber, time, this.#skew)
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
    const reading = { issuers, maxBytes: Math.min(SYNC_CRL_BYTES, this.#maxBytes), ...foreign.reading }
    this.#accept(
      crls.flatMap((crl) => (crl instanceof CrlIndex ? [checkIndex(crl, issuers)] : parseCrls(crl, reading))),
      issuers,
      foreign
    )
  }

  async load (crls: readonly CrlInput[], issuers: readonly PeerIdentity[] = this.#issuers): Promise<void> {
    const turn = ++this.#turn
    const indexes: CrlIndex[] = []
    const foreign = this.#noForeign()
    for (const crl of crls) {
      if (crl instanceof CrlIndex) indexes.push(checkIndex(crl, issuers))
      else indexes.push(...await loadCrls(crl, { issuers, maxBytes: this.#maxBytes, ...foreign.reading }))
    }
    // What was asked for later is in force already, or soon will be.
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
  }

  /** Takes the lists that count from now on, until the next one begins or ends. */
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

function resolve (
  lists: readonly CrlList[],
  certificate: PeerIdentity,
  issuer: PeerIdentity | undefined
): ApplicableLists | RevocationStatus {
  if (issuer === undefined && certificate.issuer === undefined) return ISSUER_UNKNOWN
  if (issuer !== undefined && !isNamed(certificate, issuer)) return issuerMismatch(certificate, issuer)
  return pickLists(lists, certificate, issuer)
}

function checkIndex (index: CrlIndex, issuers: readonly PeerIdentity[]): CrlIndex {
  const signer = index.verifiedBy
  if (signer === undefined) {
    throw crlInvalid('unverified', 'its signature has not been checked: parse it with `issuers`')
  }
  if (!issuers.some(({ fingerprint256 }) => fingerprint256 !== undefined && fingerprint256 === signer.fingerprint256)) {
    throw crlInvalid('issuer_unknown', `${String(signer)}, which signed it, is not among the issuers`)
  }
  return index
}

function checkForeign (value: unknown): boolean {
  if (value !== undefined && value !== 'refuse' && value !== 'ignore') {
    throw optionInvalid(`crlChecker foreignCrls is ${JSON.stringify(value)}, expected "refuse" or "ignore"`)
  }
  return value === 'ignore'
}

function checkList<Item> (list: readonly Item[], where: string): readonly Item[] {
  if (!Array.isArray(list)) throw optionInvalid(`crlChecker ${where} is ${typeof list}, expected an array`)
  return Object.freeze([...list])
}
