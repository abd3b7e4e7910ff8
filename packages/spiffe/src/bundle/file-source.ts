import { resolve } from 'node:path'
import { FollowedFile, readStill } from '@peerkit/credentials/watch'
import {
  FileUnreadableError, choice, defineOptions, duration, readBounded, required, text
} from '@peerkit/identity/internal'
import type { OptionTypes } from '@peerkit/identity/internal'
import { SpiffeInvalidError, SpiffeOptionError } from '../errors.ts'
import { TRUST_DOMAIN, readTrustDomain } from '../source/trust-domain.ts'
import type { BundleSource, BundleUser, HeldBundle } from './bundle-source.ts'
import { MAX_DOCUMENT_OCTETS, parseBundleDocument, readPemBundle } from './format.ts'
import type { BundleDocument } from './format.ts'
import { parseBundleMap } from './map-file.ts'

/** Options of `spiffeBundleMap`. */
export interface BundleMapOptions {
  /** The path of the file. */
  readonly file: string
  /** Whether a changed file is read again. Default true; `'poll'`: by polling only, without file events. */
  readonly watch?: boolean | 'poll' | undefined
  /** Milliseconds between polls, for file systems that send no events. Default 10,000. */
  readonly pollInterval?: number | undefined
}

/** Options of `spiffeBundleFile`. */
export interface BundleFileOptions extends BundleMapOptions {
  /** The trust domain whose bundle it is, such as `partner.example`. */
  readonly trustDomain: string
}

const FILE_OPTIONS: OptionTypes<BundleMapOptions> = {
  file: required(text('the path of a file')), watch: choice(true, false, 'poll'), pollInterval: duration()
}
const MAP_OPTIONS = defineOptions<BundleMapOptions>('spiffeBundleMap', SpiffeOptionError, FILE_OPTIONS)
const BUNDLE_OPTIONS = defineOptions<BundleFileOptions>('spiffeBundleFile', SpiffeOptionError, {
  trustDomain: required(TRUST_DOMAIN), ...FILE_OPTIONS
})

/**
 * The bundle of one trust domain from a file: a bundle document (`spire-server bundle show -format spiffe`), or CA
 * certificates in PEM. The file is read again when it changes. If it is broken or cut off, the last good bundle stays
 * in use, and subscribers are told once.
 *
 * @param options the trust domain and the path
 * @throws SpiffeOptionError if an option is missing, unknown or wrong
 * @example
 * ```ts
 * const trust = await spiffeTrust({ bundles: [spiffeBundleFile({ trustDomain: 'prod.example', file: 'ca.pem' })] })
 * console.log(trust.current.authorities.map(({ name }) => name)) // [ 'prod.example' ]
 * await trust.close()
 * ```
 */
export function spiffeBundleFile (options: BundleFileOptions): BundleSource {
  BUNDLE_OPTIONS.check(options)
  const trustDomain = readTrustDomain(options.trustDomain, 'trustDomain')
  return new BundleFile(options, trustDomain, (content, what) => {
    const isDocument = content.trimStart().startsWith('{')
    const read = isDocument ? parseBundleDocument : readPemBundle
    return new Map([[trustDomain, read(content, trustDomain, what)]])
  })
}

/**
 * The bundles of several trust domains from one file, in the format of gRPC (gRFC A87): `{ "trust_domains": {
 * "partner.example": { "keys": … } } }`. A trust domain that leaves the file is removed.
 *
 * @param options the path
 * @throws SpiffeOptionError if an option is missing, unknown or wrong
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises'
 * const bundle = JSON.parse(writeBundleDocument({ ca: ca.root }))
 * await writeFile('map.json', JSON.stringify({ trust_domains: { 'partner.example': bundle } }))
 * const trust = await spiffeTrust({ bundles: [spiffeBundleMap({ file: 'map.json' })] })
 * console.log(trust.current.authorities.map(({ name }) => name)) // [ 'partner.example' ]
 * await trust.close()
 * ```
 */
export function spiffeBundleMap (options: BundleMapOptions): BundleSource {
  MAP_OPTIONS.check(options)
  return new BundleFile(options, undefined, parseBundleMap)
}

type Bundles = ReadonlyMap<string, BundleDocument>

class BundleFile implements BundleSource {
  readonly origin: string
  readonly trustDomain: string | undefined
  readonly needs: readonly string[] = []
  readonly #options: BundleMapOptions
  readonly #parse: (content: string, what: string) => Bundles
  #held: ReadonlyMap<string, HeldBundle> = new Map()
  #follower: FollowedFile<Bundles> | undefined
  #isClosed = false

  constructor (
    options: BundleMapOptions, trustDomain: string | undefined, parse: (content: string, what: string) => Bundles
  ) {
    // The process may go to another working directory before the file changes.
    this.origin = resolve(options.file)
    this.trustDomain = trustDomain
    this.#options = options
    this.#parse = parse
  }

  async start (user: BundleUser): Promise<void> {
    const { watch = true, pollInterval = 10_000 } = this.#options
    const load = async (signal?: AbortSignal): Promise<Bundles> => this.#parse(await this.#read(signal), this.origin)
    const { content, signature } = await readStill([this.origin], { load: async () => await load() })
    this.#take(content, user)
    if (watch === false || this.#isClosed) return
    this.#follower = new FollowedFile<Bundles>(signature, {
      path: this.origin,
      what: 'SPIFFE bundle',
      schedule: (task, delay) => user.clock.schedule(task, delay),
      pollInterval,
      events: watch === true,
      load,
      take: (bundles) => {
        this.#take(bundles, user)
        user.changed()
      },
      refuse: (problem) => {
        this.#held = new Map([...this.#held].map(([name, held]) => [name, { ...held, problem }]))
        // Without a trust domain there is none whose problem it is.
        if (this.#held.size === 0) user.warn(problem.message)
        user.changed()
      },
      // What another source gives may be free later.
      mayPass: (error) => (error as SpiffeInvalidError).reason !== 'malformed'
    })
    await this.#follower.start()
  }

  list (): ReadonlyMap<string, HeldBundle> { return this.#held }

  async close (): Promise<void> {
    this.#isClosed = true
    await this.#follower?.close()
  }

  /** @throws SpiffeInvalidError if another source gives one of the trust domains */
  #take (bundles: Bundles, user: BundleUser): void {
    user.claim(this, bundles.keys())
    const refreshedAt = user.clock.now()
    this.#held = new Map([...bundles].map(([name, document]) => {
      return [name, { document, refreshedAt, nextRefresh: undefined, problem: undefined }]
    }))
  }

  /** @throws SpiffeInvalidError */
  async #read (signal: AbortSignal | undefined): Promise<string> {
    try {
      return (await readBounded(this.origin, { maxBytes: MAX_DOCUMENT_OCTETS, signal })).toString()
    } catch (error) {
      if (!(error instanceof FileUnreadableError)) throw error
      const reason = error.reason === 'too_large' ? 'too_large' : 'unreadable'
      throw new SpiffeInvalidError(reason, `${this.origin}: found ${error.found}; expected a bundle`, {
        cause: error.cause
      })
    }
  }
}
