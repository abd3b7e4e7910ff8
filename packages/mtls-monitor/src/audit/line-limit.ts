import { BoundedMap } from '../bounded-map.ts'
import { TokenBucket } from './token-bucket.ts'

export interface LineLimitOptions {
  /** Lines at once, for each event and reason. */
  readonly burst: number
  /** Lines a second after that, for each event and reason. */
  readonly perSecond: number
  /** The same for what comes from one source: nobody uses up the lines of the others. */
  readonly sourceBurst: number
  readonly sourcePerSecond: number
}

const MAX_SOURCES = 1_000
/** There are about a hundred events and reasons; whatever comes beyond shares one. */
const MAX_KINDS = 200
const OTHER = 'other'

/** Decides which lines are written, and counts the others. In bounded space, whoever sends what. */
export class LineLimit {
  readonly #options: LineLimitOptions
  readonly #kinds = new Map<string, TokenBucket>()
  readonly #sources = new BoundedMap<string, TokenBucket>(MAX_SOURCES)
  readonly #dropped = new Map<string, number>()

  constructor (options: LineLimitOptions) {
    this.#options = options
  }

  /** @param kind the event and its reason @param source who is behind it */
  allows (kind: string, source: string, now: number): boolean {
    const key = this.#kinds.has(kind) || this.#kinds.size < MAX_KINDS ? kind : OTHER
    const { burst, perSecond, sourceBurst, sourcePerSecond } = this.#options
    const own = this.#sources.touch(`${key} ${source}`, () => new TokenBucket(sourceBurst, sourcePerSecond, now))
    let all = this.#kinds.get(key)
    if (all === undefined) this.#kinds.set(key, all = new TokenBucket(burst, perSecond, now))
    if (own.take(now) && all.take(now)) return true
    this.#dropped.set(key, (this.#dropped.get(key) ?? 0) + 1)
    return false
  }

  get hasDropped (): boolean { return this.#dropped.size > 0 }

  /** How many were dropped since this was last asked, by event and reason. */
  takeDropped (): Readonly<Record<string, number>> {
    const dropped = Object.fromEntries(this.#dropped)
    this.#dropped.clear()
    return dropped
  }
}
