import type { CredentialSource } from '@peerkit/credentials'
import type { PeerIdentity } from '@peerkit/identity'
import { checkChain, combineCheckers } from '@peerkit/revocation'
import type { ChainStatus, RevocationChecker } from '@peerkit/revocation'
import type { RefusalReason } from './refusal.ts'

/** A soft policy may let pass what nobody knows; it is asked about again after so many milliseconds, since the answer may come. */
const UNKNOWN_RECHECK = 60_000
/** The share of an answer's time after which the next is asked for, beside the requests: responders give answers to many clients that end all at once. */
const RECHECK_SHARE = 0.85

/** What a judgement rests on. As long as both stand, so does the judgement; numbers, so that asking costs nothing. */
export interface TrustEpoch { readonly anchors: number, readonly revocation: number }

export interface Standing {
  /** Why the certificate may not be served; undefined where it may. */
  readonly reason: RefusalReason | undefined
  readonly epoch: TrustEpoch
  /** When it ends whatever happens: the first end of a certificate of the chain, in milliseconds since the epoch. */
  readonly notAfter: number
  /** From when on the revocation answer is asked for again. */
  readonly recheckAt: number
  /** Until when requests do not wait for that. */
  readonly heldUntil: number
  /** Where the chain is not known: the fingerprints of all anchors of the handshake. One of them vouched for it, so it stands while all of them do. */
  readonly restsOn: readonly string[] | undefined
}

/** The trust in force, as the gate asks for it. */
export class Trust {
  readonly credentials: CredentialSource
  readonly #own: RevocationChecker | undefined
  readonly now: () => number
  #combined: RevocationChecker | undefined
  #combinedOf: RevocationChecker | undefined

  constructor (credentials: CredentialSource, own: RevocationChecker | undefined, now: () => number) {
    this.credentials = credentials
    this.#own = own
    this.now = now
  }

  get revocation (): RevocationChecker | undefined {
    const fromFiles = this.credentials.current.revocation
    if (this.#own === undefined || fromFiles === undefined) return fromFiles ?? this.#own
    if (this.#combinedOf !== fromFiles || this.#combined === undefined) {
      this.#combinedOf = fromFiles
      this.#combined = combineCheckers([fromFiles, this.#own])
    }
    return this.#combined
  }

  get anchorsEpoch (): number {
    return this.credentials.current.trustEpoch
  }

  get epoch (): TrustEpoch {
    return { anchors: this.anchorsEpoch, revocation: this.revocation?.epoch ?? 0 }
  }

  /** The anchors in force, by fingerprint. */
  get anchors (): readonly string[] {
    return this.credentials.current.anchors.map(({ fingerprint256 }) => fingerprint256 ?? '')
  }

  /** Whether a judgement still stands, without judging again. */
  stands (standing: Standing): boolean {
    const now = this.now()
    return now < standing.notAfter && now < standing.recheckAt && this.isCurrent(standing)
  }

  /** Whether neither anchors nor revocations moved since a judgement. */
  isCurrent ({ epoch }: Standing): boolean {
    return epoch.anchors === this.anchorsEpoch && epoch.revocation === (this.revocation?.epoch ?? 0)
  }

  /**
   * Judges a leaf whose chain was verified once: its anchor must be in force, every certificate valid now, and none revoked. A signature once verified stays verified.
   * At once where the checkers answer at once.
   *
   * @param restsOn where OpenSSL verified the chain but does not show it: the anchors that it had
   */
  judge (peer: PeerIdentity, restsOn?: readonly string[]): Standing | Promise<Standing> {
    const epoch = this.epoch
    const path = [peer, ...(peer.chain ?? [])]
    const notAfter = Math.min(...path.map((certificate) => certificate.notAfter ?? -Infinity))
    const standing = (reason: RefusalReason | undefined, recheckAt = Infinity, heldUntil = Infinity): Standing => ({ reason, epoch, notAfter, recheckAt, heldUntil, restsOn })
    const reason = this.#judgeValidity(path) ?? this.#judgeAnchor(peer, restsOn)
    if (reason !== undefined) return standing(reason)
    const { revocation } = this
    if (revocation === undefined) return standing(undefined)
    const conclude = (status: ChainStatus): Standing => {
      if (!status.permitted) return standing(status.state === 'revoked' ? 'revoked' : 'revocation_unknown')
      const now = this.now()
      return status.state === 'good' ? standing(undefined, now + (status.until - now) * RECHECK_SHARE, status.until) : standing(undefined, now + UNKNOWN_RECHECK)
    }
    try {
      const status = checkChain(revocation, peer)
      return status instanceof Promise ? status.then(conclude) : conclude(status)
    } catch {
      // A policy of somebody else's that throws has not permitted anything.
      return standing('revocation_unknown')
    }
  }

  #judgeValidity (path: readonly PeerIdentity[]): RefusalReason | undefined {
    const now = this.now()
    for (const { notBefore = Infinity, notAfter = -Infinity } of path) {
      if (now >= notAfter) return 'expired'
      if (now < notBefore) return 'not_yet_valid'
    }
    return undefined
  }

  #judgeAnchor ({ chain }: PeerIdentity, restsOn: readonly string[] = []): RefusalReason | undefined {
    const needed = chain === undefined ? restsOn : [chain.at(-1)?.fingerprint256 ?? '']
    const { anchors } = this
    return needed.length > 0 && needed.every((fingerprint) => anchors.includes(fingerprint)) ? undefined : 'ca_removed'
  }
}
