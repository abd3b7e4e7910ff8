import type { CredentialSource } from '@peerkit/credentials'
import type { PeerIdentity } from '@peerkit/identity'
import { checkChain, combineCheckers } from '@peerkit/revocation'
import type { ChainStatus, RevocationChecker } from '@peerkit/revocation'
import type { RefusalReason } from './refusal.ts'

/** What a judgement rests on. As long as both stand, so does the judgement; numbers, so that asking costs nothing. */
export interface TrustEpoch { readonly anchors: number, readonly revocation: number }

export interface Standing {
  /** Whether the certificate may be served now. */
  readonly reason: RefusalReason | undefined
  readonly epoch: TrustEpoch
  /** When it ends whatever happens: the first end of a certificate of the chain, in milliseconds since the epoch. */
  readonly notAfter: number
  /** When the revocation answer has to be asked for again. */
  readonly recheckAt: number
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

  get epoch (): TrustEpoch {
    return { anchors: this.credentials.current.trustEpoch, revocation: this.revocation?.epoch ?? 0 }
  }

  /** Whether a judgement still stands, without judging again. */
  stands ({ epoch, notAfter, recheckAt }: Standing): boolean {
    const now = this.now()
    return now < notAfter && now < recheckAt && epoch.anchors === this.credentials.current.trustEpoch && epoch.revocation === (this.revocation?.epoch ?? 0)
  }

  /**
   * Judges a leaf whose chain was verified once: its anchor must be in force, every certificate valid now, and none revoked. A signature once verified stays verified.
   * At once where the checkers answer at once.
   *
   * @param justVerified OpenSSL verified the chain in this moment, but does not show it: then the anchor is taken on its word
   */
  judge (peer: PeerIdentity, justVerified = false): Standing | Promise<Standing> {
    const epoch = this.epoch
    const path = [peer, ...(peer.chain ?? [])]
    const notAfter = Math.min(...path.map((certificate) => certificate.notAfter ?? -Infinity))
    const standing = (reason: RefusalReason | undefined, recheckAt = Infinity): Standing => ({ reason, epoch, notAfter, recheckAt })
    const reason = this.#judgeValidity(path) ?? (justVerified ? undefined : this.#judgeAnchor(path))
    if (reason !== undefined) return standing(reason)
    const { revocation } = this
    if (revocation === undefined) return standing(undefined)
    const conclude = (status: ChainStatus): Standing => status.permitted
      ? standing(undefined, status.state === 'good' ? status.until : Infinity)
      : standing(status.state === 'revoked' ? 'revoked' : 'revocation_unknown')
    const status = checkChain(revocation, peer)
    return status instanceof Promise ? status.then(conclude) : conclude(status)
  }

  #judgeValidity (path: readonly PeerIdentity[]): RefusalReason | undefined {
    const now = this.now()
    for (const { notBefore = Infinity, notAfter = -Infinity } of path) {
      if (now >= notAfter) return 'expired'
      if (now < notBefore) return 'not_yet_valid'
    }
    return undefined
  }

  #judgeAnchor (path: readonly PeerIdentity[]): RefusalReason | undefined {
    const anchor = path.at(-1)?.fingerprint256
    return path.length > 1 && this.credentials.current.anchors.some(({ fingerprint256 }) => fingerprint256 === anchor) ? undefined : 'ca_removed'
  }
}
