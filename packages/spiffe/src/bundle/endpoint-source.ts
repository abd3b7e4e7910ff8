import { resolve } from 'node:path'
import { backOff } from '@peerkit/credentials/internal'
import { WakeAt, withoutQuery } from '@peerkit/identity/internal'
import { BundleEndpointError, SpiffeInvalidError } from '../errors.ts'
import type { BundleSource, BundleUser, HeldBundle } from './bundle-source.ts'
import { readEndpointOptions } from './endpoint-options.ts'
import type { BundleEndpointOptions, ReadEndpoint } from './endpoint-options.ts'
import { fetchBundle } from './fetch-bundle.ts'
import type { Fetched, ServerCheck } from './fetch-bundle.ts'
import { isNewer, parseBundleDocument } from './format.ts'
import type { BundleDocument } from './format.ts'
import { KeptCopy } from './kept-copy.ts'
import { spiffePki, webPki } from './server-check.ts'

/** Without a hint (SPIFFE Federation section 4.1), in milliseconds. */
const DEFAULT_REFRESH = 300_000
/** A hint is a wish of somebody else: it must not make us hammer a server, nor miss a withdrawn CA for long. */
const LEAST_REFRESH = 10_000
const MOST_REFRESH = 3_600_000

/**
 * The bundle of one trust domain from a bundle endpoint (SPIFFE Federation section 5). It is fetched again as often as
 * the document asks for, and after a failure with growing pauses. The last good bundle stays in use meanwhile.
 *
 * A document with a lower sequence number than the bundle in use is refused. One without CA certificates withdraws the
 * bundle: no peer of the trust domain is accepted any more. No redirect is followed.
 *
 * @param options the trust domain, the URL, and how the server is authenticated
 * @throws SpiffeOptionError if an option is missing, unknown or wrong
 * @example
 * ```ts
 * const bundle = spiffeBundle({
 *   trustDomain: 'partner.example', url: 'https://partner.example/bundle.json', profile: 'https_web', file: 'kept.json'
 * })
 * console.log(bundle.origin) // https://partner.example/bundle.json
 * ```
 */
export function spiffeBundle (options: BundleEndpointOptions): BundleSource {
  return new BundleEndpoint(readEndpointOptions(options))
}

class BundleEndpoint implements BundleSource {
  readonly origin: string
  readonly trustDomain: string
  readonly needs: readonly string[]
  readonly #options: ReadEndpoint
  readonly #copy: KeptCopy | undefined
  readonly #controller = new AbortController()
  #user: BundleUser | undefined
  #due: WakeAt | undefined
  #document: BundleDocument | undefined
  /** That of the document in use, if it was fetched. */
  #etag: string | undefined
  #refreshedAt = 0
  #problem: Error | undefined
  #failures = 0
  #fetching: Promise<void> | undefined
  /** What was warned of, so that it is told once. */
  #warned: string | undefined

  constructor (options: ReadEndpoint) {
    const { url, trustDomain, spiffe, file } = options
    // The query may be a secret.
    this.origin = withoutQuery(url.href)
    this.trustDomain = trustDomain
    this.needs = spiffe === undefined || spiffe.trustDomain === trustDomain ? [] : [spiffe.trustDomain]
    this.#options = options
    this.#copy = file === undefined ? undefined : new KeptCopy(resolve(file), trustDomain)
  }

  async start (user: BundleUser): Promise<void> {
    const { clock } = user
    this.#user = user
    this.#due = new WakeAt(() => { this.#refresh().catch(() => {}) }, {
      now: () => clock.now(), schedule: (task, delay) => clock.schedule(task, delay)
    })
    await this.#readCopy(user)
    const { bootstrap } = this.#options
    // A newer one that the operator gave counts (SPIFFE Federation section 4.2).
    if (bootstrap !== undefined && (this.#document === undefined || isNewer(bootstrap, this.#document))) {
      this.#document = bootstrap
    }
    await this.#refresh()
  }

  list (): ReadonlyMap<string, HeldBundle> {
    const at = this.#due?.at
    return new Map([[this.trustDomain, {
      document: this.#document,
      refreshedAt: this.#refreshedAt,
      nextRefresh: at === Infinity ? undefined : at,
      problem: this.#problem
    }]])
  }

  async close (): Promise<void> {
    this.#due?.clear()
    this.#controller.abort()
    await this.#fetching
  }

  async #readCopy ({ clock, warn }: BundleUser): Promise<void> {
    try {
      const kept = await this.#copy?.read()
      this.#document = kept?.document
      // A file may have any time.
      this.#refreshedAt = Math.min(kept?.savedAt ?? 0, clock.now())
    } catch (error) {
      warn(`the kept bundle of ${this.trustDomain} is not used: ${(error as Error).message}`)
    }
  }

  /** Never rejects. */
  async #refresh (): Promise<void> {
    this.#fetching ??= this.#attempt(this.#user as BundleUser).finally(() => { this.#fetching = undefined })
    await this.#fetching
  }

  async #attempt (user: BundleUser): Promise<void> {
    const { signal } = this.#controller
    try {
      await this.#take(await this.#fetch(user), user)
      this.#failures = 0
      this.#problem = undefined
      this.#refreshedAt = user.clock.now()
    } catch (error) {
      if (signal.aborted) return
      this.#failures += 1
      this.#problem = error as Error
    }
    if (signal.aborted) return
    this.#due?.setAfter(this.#pause(user))
    user.changed()
  }

  #pause ({ random }: BundleUser): number {
    const { refresh, retry } = this.#options
    if (this.#failures > 0) return Math.round(backOff(this.#failures, { ...retry, random }))
    const hint = this.#document?.refreshHint
    const hinted = hint === undefined ? DEFAULT_REFRESH : Math.min(MOST_REFRESH, Math.max(LEAST_REFRESH, hint * 1_000))
    // Up to a tenth earlier: many instances must not ask in the same second.
    return Math.round((refresh ?? hinted) * (1 - random() / 10))
  }

  async #fetch ({ clock, find }: BundleUser): Promise<Fetched> {
    const { url, timeout } = this.#options
    return await fetchBundle({
      url, timeout, clock, etag: this.#etag, signal: this.#controller.signal, server: this.#serverCheck({ clock, find })
    })
  }

  /** @throws BundleEndpointError if there is no bundle to verify the server with */
  #serverCheck ({ clock, find }: Pick<BundleUser, 'clock' | 'find'>): ServerCheck {
    const { url, spiffe, ca } = this.#options
    if (spiffe === undefined) return webPki(url, ca)
    const bundle = spiffe.trustDomain === this.trustDomain ? this.#document : find(spiffe.trustDomain)
    if (bundle !== undefined && bundle.ca.length > 0) {
      return spiffePki({ url, endpointSpiffeId: spiffe.id, bundle, clock })
    }
    const detail = `${this.origin} cannot be verified: there is no bundle of ${spiffe.trustDomain}`
    throw new BundleEndpointError('server', detail)
  }

  /** @throws SpiffeInvalidError if the document is not used */
  async #take (fetched: Fetched, { warn, clock }: BundleUser): Promise<void> {
    const held = this.#document
    if (fetched === undefined) return await this.#keep(held as BundleDocument, { warn, clock })
    const document = parseBundleDocument(fetched.text, this.trustDomain, this.origin)
    const isSame = held !== undefined && document.ca.join() === held.ca.join()
    if (held?.sequence !== undefined && document.sequence !== undefined) {
      const numbers = `the sequence number ${document.sequence}`
      if (document.sequence < held.sequence) {
        const problem = `${this.origin} has ${numbers}; the bundle in use has ${held.sequence}, so this one is older`
        throw new SpiffeInvalidError('rolled_back', problem)
      }
      if (document.sequence === held.sequence && !isSame) {
        this.#warnOnce(`${this.origin} has other CA certificates with ${numbers} as before; they are used`, warn)
      }
    }
    this.#document = isSame ? { ...document, anchors: held.anchors, ca: held.ca } : document
    this.#etag = fetched.etag
    await this.#keep(document, { warn, clock })
  }

  async #keep (document: BundleDocument, { warn, clock }: Pick<BundleUser, 'warn' | 'clock'>): Promise<void> {
    if (this.#copy === undefined) return
    try {
      await this.#copy.keep(document, clock.now())
    } catch (error) {
      const { path } = this.#copy
      // Messages of Node name the temporary file, which is another one each time.
      const { code = 'unknown' } = error as NodeJS.ErrnoException
      this.#warnOnce(`the bundle of ${this.trustDomain} cannot be kept in ${path} (${code})`, warn)
    }
  }

  #warnOnce (message: string, warn: BundleUser['warn']): void {
    if (this.#warned === message) return
    this.#warned = message
    warn(message)
  }
}
