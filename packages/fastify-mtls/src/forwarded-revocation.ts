import { findIssuer } from '@peerkit/credentials'
import type { PeerIdentity } from '@peerkit/identity'
import { checkChain } from '@peerkit/revocation'
import type { ChainStatus } from '@peerkit/revocation'
import type { Trust, TrustEpoch } from './trust.ts'

/** When an answer that may change is asked for again, in milliseconds: unknown and let pass, or refused. */
const RECHECK = 60_000
const REFUSED_FOR = 10_000
/** Longer than any chain that a gateway passes on. */
const MAX_LENGTH = 20

interface Standing { readonly reason: 'revoked' | 'revocation_unknown' | undefined, readonly until: number, readonly epoch: TrustEpoch }

/** Asks for forwarded certificates what is asked for those of direct connections. Answers are kept by identity, which the reader hands out anew for each other header. */
export class ForwardedRevocation {
  readonly #trust: Trust
  readonly #timeout: number
  readonly #standings = new WeakMap<PeerIdentity, Standing>()

  /** @param timeout how long a request waits for an answer, in milliseconds */
  constructor (trust: Trust, timeout: number) {
    this.#trust = trust
    this.#timeout = timeout
  }

  /** Why a certificate may not be served; undefined where it may. */
  check (peer: PeerIdentity): Standing['reason'] | Promise<Standing['reason']> {
    const { revocation, epoch } = this.#trust
    if (revocation === undefined) return undefined
    const known = this.#standings.get(peer)
    if (known !== undefined && this.#trust.now() < known.until && this.#isCurrent(known)) return known.reason
    const chain = this.#completeChain(peer)
    const take = (status: ChainStatus): Standing['reason'] => {
      const standing = this.#conclude(status, epoch)
      this.#standings.set(peer, standing)
      // An answer of yesterday's trust lets nobody in.
      return standing.reason ?? (this.#isCurrent(standing) ? undefined : 'revocation_unknown')
    }
    try {
      const status = checkChain(revocation, peer, chain === undefined ? {} : { chain })
      return status instanceof Promise ? this.#inTime(status.then(take)) : take(status)
    } catch {
      return 'revocation_unknown'
    }
  }

  #conclude (status: ChainStatus, epoch: TrustEpoch): Standing {
    const now = this.#trust.now()
    if (!status.permitted) return { reason: status.state === 'revoked' ? 'revoked' : 'revocation_unknown', until: now + REFUSED_FOR, epoch }
    return { reason: undefined, until: status.state === 'good' ? status.until : now + RECHECK, epoch }
  }

  #isCurrent ({ epoch }: Standing): boolean {
    const { anchors, revocation } = this.#trust.epoch
    return epoch.anchors === anchors && epoch.revocation === revocation
  }

  /**
   * The chain up to one of our anchors, and beyond where that is an intermediate: it can be revoked, as on direct connections. Undefined where there is none, and then nobody can say who may
   * revoke the certificate.
   */
  #completeChain (peer: PeerIdentity): readonly PeerIdentity[] | undefined {
    const { anchors, intermediates } = this.#trust.credentials.current
    const chain = [...peer.chain ?? []]
    while (chain.length < MAX_LENGTH) {
      const last = chain.at(-1) ?? peer
      const candidates = [...anchors, ...intermediates].filter(({ fingerprint256 }) => last !== peer || fingerprint256 !== peer.fingerprint256)
        .filter(({ fingerprint256 }) => !chain.some((known) => known.fingerprint256 === fingerprint256))
      const issuer = last.raw === undefined ? undefined : findIssuer(last, candidates)
      if (issuer === undefined) return anchors.some(({ fingerprint256 }) => fingerprint256 === chain.at(-1)?.fingerprint256) ? chain : undefined
      chain.push(issuer)
    }
    return undefined
  }

  async #inTime (answer: Promise<Standing['reason']>): Promise<Standing['reason']> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'revocation_unknown'>((resolve) => { timer = setTimeout(() => { resolve('revocation_unknown') }, this.#timeout).unref() })
    try {
      return await Promise.race([answer, late])
    } catch {
      return 'revocation_unknown'
    } finally {
      clearTimeout(timer)
    }
  }
}
