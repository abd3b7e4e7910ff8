import { LRUCache } from 'lru-cache'

/** Allows `burst` lines at once and `perSecond` lines per second after that. */
class TokenBucket {
  readonly #burst: number
  readonly #perSecond: number
  #tokens: number
  #at: number

  constructor (burst: number, perSecond: number, now: number) {
    this.#burst = burst
    this.#perSecond = perSecond
    this.#tokens = burst
    this.#at = now
  }

  take (now: number): boolean {
    // A clock that was set back adds no tokens.
    if (now > this.#at) this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) / 1000 * this.#perSecond)
    this.#at = now
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}

export interface LineLimitOptions {
  /** Lines of one event and reason that may be written at once. */
  readonly burst: number
  /** Lines of one event and reason per second after that. */
  readonly perSecond: number
  /** The same for one source, so that one client cannot use up the lines of the others. */
  readonly sourceBurst: number
  readonly sourcePerSecond: number
}

const MAX_SOURCES = 1_000
/** There are about a hundred pairs of event and reason. Any beyond the bound share one bucket. */
const MAX_KINDS = 200
const OTHER = 'other'

/** Decides which lines are written and counts the others, in bounded memory. */
export class LineLimit {
  readonly #options: LineLimitOptions
  readonly #kinds = new Map<string, TokenBucket>()
  readonly #sources = new LRUCache<string, TokenBucket>({ max: MAX_SOURCES })
  readonly #dropped = new Map<string, number>()

  constructor (options: LineLimitOptions) {
    this.#options = options
  }

  /**
   * @param kind event and reason
   * @param source the client or network
   */
  allows (kind: string, source: string, now: number): boolean {
    const key = this.#kinds.has(kind) || this.#kinds.size < MAX_KINDS ? kind : OTHER
    const { burst, perSecond, sourceBurst, sourcePerSecond } = this.#options
    let own = this.#sources.get(`${key} ${source}`)
    if (own === undefined) {
      own = new TokenBucket(sourceBurst, sourcePerSecond, now)
      this.#sources.set(`${key} ${source}`, own)
    }
    let all = this.#kinds.get(key)
    if (all === undefined) this.#kinds.set(key, all = new TokenBucket(burst, perSecond, now))
    if (own.take(now) && all.take(now)) return true
    this.#dropped.set(key, (this.#dropped.get(key) ?? 0) + 1)
    return false
  }

  get hasDropped (): boolean { return this.#dropped.size > 0 }

  /** The number of dropped lines since the last call, by event and reason. */
  takeDropped (): Readonly<Record<string, number>> {
    const dropped = Object.fromEntries(this.#dropped)
    this.#dropped.clear()
    return dropped
  }
}
