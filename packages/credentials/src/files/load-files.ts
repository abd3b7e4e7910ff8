import type { PeerIdentity } from '@peerkit/identity'
import { describeSecret, wrongOption } from '@peerkit/identity/internal'
import type { CheckedAuthority } from '../authority/check-authority.ts'
import { closeAll, loadCheckers } from '../authority/crl-checkers.ts'
import type { Checkers } from '../authority/crl-checkers.ts'
import { originsOf as trustOrigins } from '../authority/list-authorities.ts'
import { SYSTEM_CLOCK, withinTime } from '../clock.ts'
import {
  CredentialsOptionError, CredentialsRefusedError, CredentialsUnavailableError, MaterialError, refused
} from '../errors.ts'
import type { CheckedMaterial, CheckedTrust, TrustContext } from '../material/check-material.ts'
import type { CheckOptions, CredentialMaterial, Origins, Secret } from '../material/material.ts'
import { acceptParts, blaming } from '../material/part.ts'
import type { Part } from '../material/part.ts'
import { isPkcs11Key } from '../pkcs11/pkcs11-key.ts'
import type { Pkcs11Key } from '../pkcs11/pkcs11-key.ts'
import { openMaterial } from '../pkcs11/open-material.ts'
import type { CredentialSnapshot, TrustSnapshot } from '../sources/credential-snapshot.ts'
import { pickFiles } from '../watch/file-signature.ts'
import type { Signature } from '../watch/file-signature.ts'
import { allPaths, listEntries, originsOf } from './file-paths.ts'
import type { FilePaths } from './file-paths.ts'
import { FileReader } from './read-files.ts'
import type { FilesRead } from './read-files.ts'

/** The result of reading the files once. */
export interface LoadedFiles<Checked extends CheckedTrust = CheckedMaterial> {
  /** Digests of the parts that were not refused. */
  readonly digests: ReadonlyMap<Part, string>
  /** The valid parts of the files, and for the others the parts in use. Undefined if the contents are those in use. */
  readonly checked: Checked | undefined
  /** The checkers of the authorities that changed. */
  readonly checkers: Checkers
  /** The parts that were refused, with their errors. */
  readonly refusals: ReadonlyMap<Part, Error>
}

/** What is in use, which new files replace. */
export interface LoadedBefore<Checked extends CheckedTrust> {
  readonly source: Pick<Followed<Checked>, 'current' | 'readChecked' | 'changedAuthorities'>
  /** Digests of the contents in use. Without them, everything is checked again. */
  readonly digests?: ReadonlyMap<Part, string>
}

/** What passed the checks. */
interface Taken<Checked extends CheckedTrust> {
  readonly checked: Checked
  readonly checkers: Checkers
}

interface LoadOptions<Checked extends CheckedTrust> {
  readonly before?: LoadedBefore<Checked>
  readonly signal: AbortSignal
  readonly held?: ReadonlySet<Part>
}

export interface FileLoaderOptions extends CheckOptions {
  readonly passphrase?: Secret | ((question: { signal: AbortSignal }) => Secret | Promise<Secret>) | undefined
  /** Milliseconds. Default 10,000. */
  readonly timeout?: number | undefined
}

/** Checks the contents: credentials, or a trust without a key. */
type Check<Checked extends CheckedTrust> = (material: CredentialMaterial, context: TrustContext) => Checked

/** Reads and checks files. */
export class FileLoader<Checked extends CheckedTrust = CheckedMaterial> {
  readonly paths: readonly string[]
  /**
   * Files are loaded and used in one turn. A load compares the files with what is in use, so that must not change
   * before its result is used.
   */
  readonly turns: Turns = new Turns()
  readonly #partPaths = new Map<Part, readonly string[]>()
  readonly #origins: Origins
  readonly #options: FileLoaderOptions
  readonly #reader: FileReader
  /** Our key, if it is in a token. */
  readonly #token: Pkcs11Key | undefined
  readonly #checkMaterial: Check<Checked>

  constructor (paths: FilePaths, options: FileLoaderOptions, check: Check<Checked>) {
    this.#checkMaterial = check
    this.paths = allPaths(paths)
    for (const { of, paths: files } of listEntries(paths)) {
      this.#partPaths.set(of, [...this.#partPaths.get(of) ?? [], ...files])
    }
    this.#origins = originsOf(paths)
    this.#options = options
    this.#reader = new FileReader(paths)
    this.#token = isPkcs11Key(paths.key) ? paths.key : undefined
  }

  /** The signatures of the files of each part. */
  splitByPart (signature: Signature): ReadonlyMap<Part, Signature> {
    return new Map([...this.#partPaths].map(([part, paths]) => [part, pickFiles(signature, paths)]))
  }

  /**
   * Reads and checks the files. Each part is accepted or refused separately: our certificate and key, and each
   * authority with its files. A part that is refused stays as it is in use. If nothing is in use yet, every file has to
   * be valid.
   *
   * @param options.held parts that stay as they are in use for now
   * @throws CredentialsUnavailableError, CredentialsRefusedError
   */
  async load (
    signature: Signature,
    { before, signal, held = new Set() }: LoadOptions<Checked>
  ): Promise<LoadedFiles<Checked>> {
    const read = await this.#reader.read(signature)
    const refusals = new Map([...read.failures].filter(([part]) => !held.has(part)))
    const current = new Map([
      ...[...read.digests].filter(([part]) => !held.has(part)),
      ...[...before?.digests ?? []].filter(([part]) => held.has(part))
    ])
    if (before?.digests !== undefined && isSame(current, before.digests)) {
      return { digests: before.digests, checked: undefined, checkers: new Map(), refusals }
    }
    const [first] = refusals.values()
    if (before === undefined && first !== undefined) throw first
    const refuseOwn = (error: unknown): undefined => {
      if (before === undefined) throw error
      if (!refusals.has(undefined)) refusals.set(undefined, error as Error)
    }
    const passphrase = await this.#askPassphrase(signal).catch(refuseOwn)
    const given = { ...read.material, passphrase }
    const isRead = !refusals.has(undefined) && !held.has(undefined)
    const isChanged = current.get(undefined) !== before?.digests?.get(undefined)
    const opened = isRead ? await this.#openKey(given, signal, isChanged, before).catch(refuseOwn) : undefined
    const material = opened ?? given
    const check = async (kept: ReadonlySet<Part>): Promise<Taken<Checked>> => {
      return await this.#check(material, read, before?.source, kept)
    }
    if (before === undefined) return { ...await check(held), digests: current, refusals }
    const accepted = await acceptParts(refusals, {
      check,
      discard: ({ checkers }) => { closeAll(checkers) },
      held,
      changed: [...current].filter(([part, digest]) => before.digests?.get(part) !== digest).map(([part]) => part),
      blameChange: (part, error) => this.#blameChange(part, error)
    })
    const digests = new Map([...current].filter(([part]) => !accepted.refusals.has(part)))
    return { ...accepted.result, digests, refusals: accepted.refusals }
  }

  /** Opens our key, if it is in a token. For an unchanged certificate the key in use stays open. */
  async #openKey (
    given: CredentialMaterial, signal: AbortSignal, isChanged: boolean, before: LoadedBefore<Checked> | undefined
  ): Promise<CredentialMaterial> {
    if (this.#token === undefined) return given
    const current = before?.source.current as Partial<CredentialSnapshot> | undefined
    const { timeout, clock } = this.#options
    return await openMaterial({ ...given, key: this.#token }, {
      certOrigin: this.#origins.cert, inUse: isChanged ? undefined : current?.opaqueKey, timeout, clock, signal
    })
  }

  async #check (
    material: CredentialMaterial, { crlDigests, readCrls }: FilesRead,
    source: LoadedBefore<Checked>['source'] | undefined, parts: ReadonlySet<Part>
  ): Promise<Taken<Checked>> {
    const { passphrase: _, timeout: __, ...options } = this.#options
    const previous = source?.current
    const kept = source === undefined ? undefined : { parts, inForce: source.readChecked() }
    const checked = this.#checkMaterial(material, { origins: this.#origins, options, crlDigests, previous, kept })
    const changed = source?.changedAuthorities(checked) ?? checked.authorities
    const checkers = await loadCheckers(changed, readCrls, options.clock ?? SYSTEM_CLOCK, checked, previous)
    return { checked, checkers }
  }

  /**
   * Makes the next load skip CRLs that are unchanged since the last one.
   *
   * @param moved the parts whose files changed during the last load
   */
  remember (moved: ReadonlySet<Part> = new Set()): void { this.#reader.remember(moved) }

  #blameChange (part: Part, error: Error): Error {
    const where = part === undefined ? this.#origins.cert : trustOrigins(this.#origins, part).ca
    const reason = error instanceof CredentialsRefusedError ? error.reason : 'unusable'
    const detail = error instanceof MaterialError ? error.detail : error.message
    const problem = `the new files do not fit the other files: ${detail}`
    return refused(reason, where, problem, { cause: error, ...blaming(part) })
  }

  /** The error of a part whose files do not stop changing. */
  describeRestless (part: Part): Error {
    const paths = [...new Set(this.#partPaths.get(part))].join(', ')
    const what = part === undefined ? 'certificate and key' : `authority "${part}"`
    const problem = 'the files change all the time; expected them to stay unchanged'
    return new CredentialsUnavailableError('file', `${what} (${paths}): ${problem}`, blaming(part))
  }

  /** The error of an authority that drops a CA while the files of another authority are refused. */
  describeGiver (giver: string, ca: PeerIdentity, taker: Part): Error {
    const problem = `${String(ca)} is missing, and the files of authority "${taker}" are refused`
    const where = trustOrigins(this.#origins, giver).ca
    return refused('crl', where, `${problem}; waiting for them, because the CA may move there`, blaming(giver))
  }

  /** Makes the next load read every byte, even if the file system reports no change. */
  forget (): void { this.#reader.forget() }

  async #askPassphrase (signal: AbortSignal): Promise<Secret | undefined> {
    const { passphrase, timeout = 10_000, clock = SYSTEM_CLOCK } = this.#options
    if (typeof passphrase !== 'function') return passphrase
    let answer: unknown
    try {
      const ask = async (ownSignal: AbortSignal): Promise<unknown> => await passphrase({ signal: ownSignal })
      answer = await withinTime(ask, { clock, timeout, signal, what: 'passphrase' })
    } catch (error) {
      const why = (error as Error | undefined)?.message ?? 'it gave no reason'
      throw new CredentialsUnavailableError('passphrase', `the passphrase function failed: ${why}`, { cause: error })
    }
    if (typeof answer === 'string' || answer instanceof Uint8Array) return answer
    const where = "the passphrase function's answer"
    throw wrongOption(CredentialsOptionError, where, describeSecret(answer), 'a string or Buffer')
  }
}

function isSame (one: ReadonlyMap<Part, string>, other: ReadonlyMap<Part, string>): boolean {
  return one.size === other.size && [...one].every(([part, digest]) => other.get(part) === digest)
}

/** Runs tasks one after another, in the order in which they were given. */
class Turns {
  #last: Promise<unknown> = Promise.resolve()

  /** Runs a task after all tasks before it, and returns its result. */
  async run<Result> (task: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(task)
    this.#last = result.catch(() => {})
    return await result
  }
}

/** The source that the follower updates. */
export interface Followed<Checked extends CheckedTrust> {
  readonly current: TrustSnapshot
  /** The checked material in use. */
  readChecked (): Checked
  readonly closed: boolean
  changedAuthorities (checked: Checked): readonly CheckedAuthority[]
  take (checked: Checked, checkers: Checkers): unknown
  warn (message: string): void
  wait (error: Error, part: Part): void
  refuse (error: Error, part: Part): void
  recover (refused: ReadonlyMap<Part, Error>): void
}
