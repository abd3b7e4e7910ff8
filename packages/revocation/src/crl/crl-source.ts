import type { PeerIdentity } from '@peerkit/identity'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { WakeAt, iso } from '@peerkit/identity/internal'
import { CrlUnavailableError } from '../errors.ts'
import { checkUrl } from '../fetch/allowed-urls.ts'
import { fetchBounded } from '../fetch/fetch-bounded.ts'
import { reportFailed, reportRefreshed } from '../policy/checker-events.ts'
import { failureText, plainPart, plainText } from '../policy/revocation-status.ts'
import { compareIssue, kindOf, newest, type CrlIndex } from './crl-index.ts'
import { loadCrls } from './parse-crl.ts'

/** Number of bytes that are read at a time. */
const SLICE = 1 << 20

export interface CrlSourceOptions {
  /** The checker that publishes what happens to the list. */
  readonly emitter: object
  readonly issuers: readonly PeerIdentity[]
  readonly now: () => number
  readonly clockSkew: number
  readonly timeout: number
  readonly maxBytes: number
  readonly refreshInterval: number
  readonly retryAfter: number
  /** Origins that the URL may redirect to. */
  readonly origins: ReadonlySet<string>
  readonly fetch: typeof fetch | undefined
  /** Applies new CRLs; throws if they do not fit the others. */
  readonly accept: (source: CrlSource, indexes: readonly CrlIndex[]) => void
}

/** The CRLs at one URL, fetched again in time. */
export class CrlSource {
  readonly url: string
  readonly #options: CrlSourceOptions
  readonly #next: WakeAt
  readonly #closing: AbortController = new AbortController()
  #indexes: readonly CrlIndex[] = []
  #validators: Record<string, string> = {}
  #loading: Promise<void> | undefined
  #failures: number = 0
  #failure: string | undefined

  constructor (url: string, options: CrlSourceOptions) {
    this.url = url.startsWith('file:') && URL.canParse(url) ? url : checkUrl(url, 'urls')
    this.#options = options
    this.#next = new WakeAt(() => { this.refresh().catch(() => {}) }, { now: options.now })
  }

  /** The CRLs of the last successful fetch. */
  get indexes (): readonly CrlIndex[] { return this.#indexes }

  /** Why the last fetch failed; undefined if it succeeded. */
  get failure (): string | undefined { return this.#failure }

  /** Settles with the running fetch; undefined if there is none. */
  get loading (): Promise<void> | undefined { return this.#loading }

  /** When it is fetched next, in milliseconds since the epoch. */
  get nextLook (): number { return this.#next.at }

  /** Fetches without applying the lists. */
  async load (): Promise<void> {
    await this.#look(false)
  }

  /** Fetches and applies new lists. Overlapping calls share one fetch. */
  async refresh (): Promise<void> {
    await this.#look(true)
  }

  async close (): Promise<void> {
    this.#closing.abort()
    this.#next.clear()
    await this.#loading?.catch(() => {})
    this.#next.clear()
  }

  #look (apply: boolean): Promise<void> {
    this.#loading ??= this.#fetchAll(apply).finally(() => { this.#loading = undefined })
    return this.#loading
  }

  async #fetchAll (apply: boolean): Promise<void> {
    const { now, clockSkew, issuers, maxBytes, accept, emitter } = this.#options
    try {
      const body = await this.#read()
      if (body !== undefined) {
        const loaded = await loadCrls(body, { issuers, maxBytes })
        checkNotRolledBack(loaded, this.#indexes, this.url)
        const indexes = [...loaded, ...stillCounting(this.#indexes, loaded, now() + clockSkew)]
        if (apply) accept(this, indexes)
        this.#indexes = indexes
        for (const index of loaded) {
          reportRefreshed(emitter, 'crl', now(), {
            url: this.url,
            issuer: index.issuer?.toString(),
            number: index.number?.toString(),
            entries: index.size,
            nextUpdate: index.nextUpdate
          })
        }
      }
      this.#failures = 0
      this.#failure = undefined
    } catch (error) {
      this.#failures++
      this.#failure = plainText(`${plainPart(this.url)}: ${failureText(error)}`, 300)
      // The server must send the body again.
      this.#validators = {}
      reportFailed(emitter, 'crl', now(), error, { url: this.url })
      throw error
    } finally {
      if (!this.#closing.signal.aborted) this.#next.set(this.#whenNext())
    }
  }

  /**
   * Early enough that a few failures before the first CRL expires do not matter, and not on all machines at the same
   * time.
   */
  #whenNext (): number {
    const { now, refreshInterval, retryAfter } = this.#options
    const time = now()
    const jitter = 1 - Math.random() / 10
    if (this.#failures > 0) {
      return time + Math.min(refreshInterval, retryAfter * 2 ** Math.min(this.#failures - 1, 16)) * jitter
    }
    const left = Math.min(...this.#indexes.map(({ nextUpdate }) => nextUpdate)) - time
    // After half of the remaining time, but not more often than a failure is retried.
    return time + Math.max(Math.min(refreshInterval, left / 2), Math.min(retryAfter, refreshInterval)) * jitter
  }

  async #read (): Promise<Uint8Array | undefined> {
    const { timeout, maxBytes, origins, fetch } = this.#options
    if (this.url.startsWith('file:')) return await readBoundedFile(fileURLToPath(this.url), maxBytes)
    const response = await fetchBounded(this.url, {
      method: 'GET',
      headers: { ...this.#validators },
      timeout,
      maxBytes,
      redirects: { origins, advice: adviseRedirect },
      fetch,
      signal: this.#closing.signal,
      Unavailable: CrlUnavailableError
    })
    if (response.status === 304) {
      // The request was not conditional, so a 304 leaves the checker without any list.
      if (Object.keys(this.#validators).length === 0) {
        throw new CrlUnavailableError('status', `${this.url} answered with status 304 to an unconditional request`)
      }
      return undefined
    }
    const etag = response.headers.get('etag')
    const modified = response.headers.get('last-modified')
    this.#validators = {
      ...(etag !== null && { 'if-none-match': etag }),
      ...(modified !== null && { 'if-modified-since': modified })
    }
    return response.body
  }
}

function adviseRedirect (origin: string): string {
  return `use that URL, or add "${origin}" to allowRedirects`
}

async function readBoundedFile (path: string, maxBytes: number): Promise<Uint8Array> {
  try {
    // Check before opening: a named pipe without a writer never opens, and a device never ends.
    if (!(await stat(path)).isFile()) throw new CrlUnavailableError('network', `${path} is not a regular file`)
    const file = await open(path)
    try {
      const { size } = await file.stat()
      if (size > maxBytes) {
        throw new CrlUnavailableError('too_large', `${path} has ${size} bytes; at most ${maxBytes} are allowed`)
      }
      return await readWhole(file, size)
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof CrlUnavailableError) throw error
    const message = error instanceof Error ? error.message : String(error)
    throw new CrlUnavailableError('network', `${path}: ${message}`, { cause: error })
  }
}

/**
 * Reads as many bytes as the file had. If it grows meanwhile, the rest is cut off and the CRL refused. readFile
 * would join large files synchronously.
 */
async function readWhole (file: FileHandle, size: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(size)
  let length = 0
  while (length < size) {
    const { bytesRead } = await file.read(bytes, length, Math.min(SLICE, size - length), length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return bytes.subarray(0, length)
}

/** The current lists that apply until their successors begin. */
function stillCounting (held: readonly CrlIndex[], loaded: readonly CrlIndex[], begun: number): CrlIndex[] {
  const hasBegun = ({ thisUpdate }: CrlIndex): boolean => thisUpdate <= begun
  return held.filter((index) => {
    const successors = loaded.filter((other) => kindOf(other) === kindOf(index))
    return hasBegun(index) && successors.length > 0 && !successors.some(hasBegun)
  })
}

/** Refuses a list that is valid but older than the current one: it may lack a revocation. */
function checkNotRolledBack (indexes: readonly CrlIndex[], held: readonly CrlIndex[], url: string): void {
  for (const index of indexes) {
    const before = newest(held.filter((other) => kindOf(other) === kindOf(index)))
    if (before === undefined) continue
    if (compareIssue(index, before) === 0 && !before.isCoveredBy(index)) {
      throw new CrlUnavailableError(
        'rolled_back',
        `${url} has ${nameIssue(index)}, which lacks certificates of the current list of the same time and number`
      )
    }
    const backInNumber = index.number !== undefined && before.number !== undefined && index.number < before.number
    if (backInNumber || index.thisUpdate < before.thisUpdate) {
      throw new CrlUnavailableError(
        'rolled_back',
        `${url} has ${nameIssue(index)}, which is older than ${nameIssue(before)}`
      )
    }
  }
}

function nameIssue ({ number, thisUpdate }: CrlIndex): string {
  return `number ${number ?? 'none'} of ${iso(thisUpdate)}`
}
