import { randomUUID } from 'node:crypto'
import { open, rename, rm, stat, utimes } from 'node:fs/promises'
import { FileUnreadableError, readBounded } from '@peerkit/identity/internal'
import { SpiffeInvalidError } from '../errors.ts'
import { MAX_DOCUMENT_OCTETS, isNewer, writeBundleDocument } from './format.ts'
import type { BundleDocument } from './format.ts'
import { parseBundleMap } from './map-file.ts'

/** The last good bundle of a trust domain, on disk. */
export interface KeptBundle {
  readonly document: BundleDocument
  /** When it was got or confirmed, in milliseconds since the epoch. */
  readonly savedAt: number
}

/**
 * The copy of the last good bundle in a file, for a start while the endpoint is away. It is a map of bundles with one
 * trust domain, so that a copy of another trust domain is noticed.
 */
export class KeptCopy {
  readonly #path: string
  readonly #trustDomain: string

  constructor (path: string, trustDomain: string) {
    this.#path = path
    this.#trustDomain = trustDomain
  }

  get path (): string { return this.#path }

  /**
   * Reads it, and checks it like any other bundle.
   *
   * @returns undefined if there is no file
   * @throws SpiffeInvalidError
   */
  async read (): Promise<KeptBundle | undefined> {
    try {
      const bytes = await readBounded(this.#path, { maxBytes: MAX_DOCUMENT_OCTETS })
      const bundles = parseBundleMap(bytes.toString(), this.#path)
      const document = bundles.get(this.#trustDomain)
      if (document !== undefined && bundles.size === 1) {
        return { document, savedAt: (await stat(this.#path)).mtimeMs }
      }
      const found = [...bundles.keys()].join(', ') || 'none'
      const problem = `${this.#path} has bundles for: ${found.slice(0, 300)}; expected ${this.#trustDomain} alone`
      throw new SpiffeInvalidError('trust_domain', problem)
    } catch (error) {
      if (!(error instanceof FileUnreadableError)) throw error
      if ((error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return undefined
      throw new SpiffeInvalidError('unreadable', `${this.#path}: found ${error.found}; expected a kept bundle`, {
        cause: error.cause
      })
    }
  }

  /**
   * Makes it the copy of a document that was got or confirmed now. If another process has kept a newer document, that
   * stays.
   */
  async keep (document: BundleDocument, now: number): Promise<void> {
    // Somebody may have removed or changed it, or it was never one.
    const former = await this.read().catch(() => undefined)
    if (former !== undefined && isNewer(former.document, document)) return
    const isKept = former !== undefined && isEqual(former.document, document)
    // The file of another user can be replaced alone.
    if (!isKept || !await this.#confirm(now)) await this.#write(document)
  }

  async #confirm (now: number): Promise<boolean> {
    return await utimes(this.#path, now / 1_000, now / 1_000).then(() => true, () => false)
  }

  /** Replaces it at once: a reader sees the former copy or the new one. */
  async #write ({ ca, sequence, refreshHint }: BundleDocument): Promise<void> {
    const bundle: unknown = JSON.parse(writeBundleDocument({ ca, sequence, refreshHint }))
    const temporary = `${this.#path}.${randomUUID()}.tmp`
    try {
      const handle = await open(temporary, 'wx', 0o600)
      try {
        await handle.writeFile(JSON.stringify({ trust_domains: { [this.#trustDomain]: bundle } }))
        await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(temporary, this.#path)
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {})
      throw error
    }
  }
}

function isEqual (one: BundleDocument, other: BundleDocument): boolean {
  return one.sequence === other.sequence && one.refreshHint === other.refreshHint && one.ca.join() === other.ca.join()
}
