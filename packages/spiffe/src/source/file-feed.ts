import { X509Certificate, createPrivateKey } from 'node:crypto'
import { resolve } from 'node:path'
import type { Clock } from '@peerkit/credentials'
import { FollowedFile, readSignature, readStill } from '@peerkit/credentials/watch'
import { decodePem, encodePem, parseSpiffeId } from '@peerkit/identity'
import { FileUnreadableError, readBounded } from '@peerkit/identity/internal'
import { SpiffeInvalidError } from '../errors.ts'
import type { OwnFeed, OwnListener, OwnUpdate } from './own-feed.ts'
import { parseCertificate } from './read-certificates.ts'

/** The most octets of a certificate chain or a key. */
const MAX_OCTETS = 1 << 20

export interface FileFeedOptions {
  readonly cert: string
  readonly key: string
  readonly pollInterval: number
  readonly clock: Clock
}

/** Our X.509-SVID and its key from files that something else renews. */
export class FileFeed implements OwnFeed {
  readonly kind = 'files'
  readonly origin: string
  readonly #options: FileFeedOptions
  readonly #paths: readonly string[]
  #followers: ReadonlyArray<FollowedFile<OwnUpdate>> = []
  #isClosed = false

  constructor (options: FileFeedOptions) {
    this.#options = options
    // The process may go to another working directory before the files change.
    this.#paths = [...new Set([resolve(options.cert), resolve(options.key)])]
    this.origin = this.#paths[0] as string
  }

  async open (listener: OwnListener): Promise<void> {
    // Before the content: a change in between is noticed then.
    const signatures = await Promise.all(this.#paths.map(async (path) => {
      return { path, signature: await readSignature([path]) }
    }))
    const { content } = await this.#load()
    listener.onUpdate(() => content)
    const { clock, pollInterval } = this.#options
    let last = content
    const followers = signatures.map(({ path, signature }) => {
      return new FollowedFile<OwnUpdate>(signature, {
        path,
        what: 'X.509-SVID',
        schedule: (task, delay) => clock.schedule(task, delay),
        pollInterval,
        events: true,
        load: async () => (await this.#load()).content,
        take: (update) => {
          if (update.cert === last.cert && update.key === last.key) return
          last = update
          listener.onUpdate(() => update)
        },
        refuse: (error) => { listener.onFailure(error) },
        // The certificate may come before its key.
        mayPass: () => true
      })
    })
    if (this.#isClosed) return
    this.#followers = followers
    await Promise.all(followers.map(async (follower) => { await follower.start() }))
  }

  async close (): Promise<void> {
    this.#isClosed = true
    await Promise.all(this.#followers.map(async (follower) => { await follower.close() }))
  }

  async #load (): Promise<{ readonly content: OwnUpdate }> {
    const [cert, key = cert] = this.#paths as [string, string?]
    return await readStill(this.#paths, {
      load: async () => readOwnFiles(await readText(cert, 'cert'), await readText(key, 'key'), { cert, key })
    })
  }
}

/** @throws SpiffeInvalidError */
async function readText (path: string, option: string): Promise<string> {
  try {
    return (await readBounded(path, { maxBytes: MAX_OCTETS })).toString()
  } catch (error) {
    if (!(error instanceof FileUnreadableError)) throw error
    throw new SpiffeInvalidError('unreadable', `${option} (${path}): found ${error.found}; expected PEM`, {
      cause: error.cause
    })
  }
}

/**
 * Reads an X.509-SVID and its key.
 *
 * @param paths for errors
 * @throws SpiffeInvalidError
 */
function readOwnFiles (cert: string, key: string, paths: { readonly cert: string, readonly key: string }): OwnUpdate {
  const what = `cert (${paths.cert})`
  const ders = attempt(what, () => decodePem(cert))
  const leaf = ders[0] as Uint8Array
  const { spiffeId, isCa } = parseCertificate(leaf, what)
  if (spiffeId === undefined) {
    const found = isCa === true ? 'a CA certificate' : 'a certificate without a SPIFFE ID as its only URI'
    throw new SpiffeInvalidError('svid', `${what}: found ${found}; expected an X.509-SVID`)
  }
  const keyWhat = `key (${paths.key})`
  const isPair = attempt(keyWhat, () => new X509Certificate(leaf).checkPrivateKey(createPrivateKey(key)))
  if (!isPair) throw new SpiffeInvalidError('svid', `${keyWhat}: it is not the key of ${spiffeId} in ${paths.cert}`)
  return {
    cert: ders.map((der) => encodePem(der)).join(''),
    key,
    trustDomain: parseSpiffeId(spiffeId).trustDomain,
    bundles: new Map(),
    crls: []
  }
}

function attempt<Result> (what: string, task: () => Result): Result {
  try {
    return task()
  } catch (error) {
    throw new SpiffeInvalidError('malformed', `${what}: ${(error as Error).message}`, { cause: error })
  }
}
