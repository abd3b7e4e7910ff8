const MEBIBYTE = 1024 * 1024
const HOUR = 3_600_000
/** Octets that a certificate needs in OpenSSL and in Node. */
const CERTIFICATE = 6_000
/** The cost of a chain that was not read to its end: OpenSSL accepts 100 KB, which are up to 300 certificates. */
const LONG_CHAIN = 300 * CERTIFICATE
/** So many certificates are freed soon by Node 26. */
const FREED_SOON = 4

/**
 * Limits the memory that peers can take which OpenSSL refused. Anybody can send a chain of 100 KB, and reading it keeps
 * more than 1 MB: Node 22 and 24 never free certificates above the leaf that were read (nodejs/node#65579), and Node 26
 * frees one of each chain at a garbage collection.
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
   * @param sent certificates above the leaf; undefined if they were not counted
   * @param isFreed whether this version of Node frees them
   */
  count (sent: number | undefined, isFreed: boolean): void {
    this.#left -= costOf(sent, isFreed)
  }

  /** Takes back what was counted for a peer that is accepted all the same. */
  forgive (sent: number, isFreed: boolean): void {
    this.#left = Math.min(this.#atOnce, this.#left + costOf(sent, isFreed))
  }
}

function costOf (sent: number | undefined, isFreed: boolean): number {
  if (sent === undefined) return LONG_CHAIN
  return isFreed && sent <= FREED_SOON ? 0 : sent * CERTIFICATE
}

/** For chains that are read to say why a peer is refused. */
export const explainedChains: RefusedChains = new RefusedChains(32 * MEBIBYTE, 4 * MEBIBYTE)

/** For chains that are read because their authority may accept what OpenSSL refuses. Most belong to good clients. */
export const overruledChains: RefusedChains = new RefusedChains(128 * MEBIBYTE, 16 * MEBIBYTE)
