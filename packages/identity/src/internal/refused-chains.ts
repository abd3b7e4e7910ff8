const MEBIBYTE = 1024 * 1024
const HOUR = 3_600_000
/** Octets of a handshake beside the certificates above the leaf, at least. */
const WITHOUT_CHAIN = 2_000
/** What each further octet costs in OpenSSL and in Node: a certificate of 300 octets takes 8 KB. */
const EACH_OCTET = 25
/** The longest chain: OpenSSL accepts 100 KB, and they take at most 1.9 MB. */
const LONGEST = 1_800_000
/** A handshake of so many octets has a usual chain, which Node 26 frees soon. */
const SHORT_HANDSHAKE = 4_096

/**
 * Limits the memory that peers can take which OpenSSL refused. Anybody can send a chain of 100 KB, and reading it keeps
 * more than 1 MB: Node 22 and 24 never free certificates above the leaf that were read (nodejs/node#65579), and Node 26
 * frees one of each chain at a garbage collection. Node also keeps certificates that belong to no path, and shows them
 * nowhere. So the octets of the handshake are counted.
 */
export class RefusedChains {
  readonly #atOnce: number
  readonly #eachHour: number
  #left: number
  #at = performance.now()

  /** Octets that may be taken at once, and that are added each hour. */
  constructor (atOnce: number, eachHour: number) {
    this.#atOnce = atOnce
    this.#eachHour = eachHour
    this.#left = atOnce
  }

  /** Whether another chain may be read. */
  get hasLeft (): boolean {
    const now = performance.now()
    this.#left = Math.min(this.#atOnce, this.#left + Math.max(0, now - this.#at) / HOUR * this.#eachHour)
    this.#at = now
    return this.#left > 0
  }

  /**
   * Counts a chain that was read.
   *
   * @param octets what the peer sent in the handshake
   * @param isFreed whether this version of Node frees certificates that were read
   */
  count (octets: number, isFreed: boolean): void {
    this.#left -= costOf(octets, isFreed)
  }

  /** Takes back what was counted for a peer that is accepted all the same. */
  forgive (octets: number, isFreed: boolean): void {
    this.#left = Math.min(this.#atOnce, this.#left + costOf(octets, isFreed))
  }
}

function costOf (octets: number, isFreed: boolean): number {
  if (isFreed && octets <= SHORT_HANDSHAKE) return 0
  return Math.min(LONGEST, Math.max(0, octets - WITHOUT_CHAIN) * EACH_OCTET)
}

/** For chains that are read to say why a peer is refused. */
export const explainedChains: RefusedChains = new RefusedChains(32 * MEBIBYTE, 4 * MEBIBYTE)

/** For chains that are read because their authority may accept what OpenSSL refuses. Most belong to good clients. */
export const overruledChains: RefusedChains = new RefusedChains(128 * MEBIBYTE, 16 * MEBIBYTE)
