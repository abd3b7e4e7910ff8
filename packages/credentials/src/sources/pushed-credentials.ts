import { WakeAt } from '@peerkit/identity/internal'
import { loadCheckers } from '../authority/crl-checkers.ts'
import type { Checkers } from '../authority/crl-checkers.ts'
import { PushedAuthorities } from '../authority/pushed-authorities.ts'
import { SYSTEM_CLOCK } from '../clock.ts'
import { causeOf, CredentialsClosedError } from '../errors.ts'
import { checkMaterial } from '../material/check-material.ts'
import type { CheckedMaterial } from '../material/check-material.ts'
import { OPTION_ORIGINS } from '../material/material.ts'
import type { AuthorityMaterial, CheckOptions } from '../material/material.ts'
import { partsOf } from '../material/part.ts'
import { readOwn } from '../material/read-own.ts'
import { Slices } from '../slices.ts'
import type { CredentialSnapshot } from './credential-snapshot.ts'
import { CREDENTIALS } from './frozen-snapshot.ts'
import { LiveSource } from './live-source.ts'

/** What is pushed: everything that is to be in use from now on. */
export interface PushedMaterial {
  /** Our leaf certificate, then its intermediates, PEM. */
  readonly cert: string
  readonly key: string
  /** Our own authority. If it fails a check, everything is refused. */
  readonly own: string
  /**
   * The authorities by name, without CRLs. If one of the others fails a check, or is an error, it alone is refused: it
   * stays as it is in use, or is left out if it is new. One that is missing is removed.
   */
  readonly authorities: ReadonlyMap<string, AuthorityMaterial | Error>
  /** CRLs in DER, of any of the authorities. Each goes to those that have a CA of the name of its issuer. */
  readonly crls: readonly Uint8Array[]
}

/** Options of {@link startPushedSource}. */
export interface PushedOptions extends CheckOptions {
  /** Where the material comes from, for errors: `the X.509-SVID`. */
  readonly origin: string
  /** Called when the source is closed. */
  readonly onClose: () => void
}

/** What passed the checks. */
interface Loaded {
  readonly checked: CheckedMaterial
  readonly checkers: Checkers
  readonly refusals: ReadonlyMap<string, Error>
  readonly warnings: readonly string[]
}

/**
 * Makes a source of material that somebody else pushes.
 *
 * @throws CredentialsRefusedError, CredentialsOptionError if the first material fails a check
 */
export async function startPushedSource (first: PushedMaterial, options: PushedOptions): Promise<PushedCredentials> {
  const authorities = new PushedAuthorities(options)
  return new PushedCredentials(first, await load(first, options, authorities, undefined), authorities, options)
}

/** Credentials that are replaced by what is pushed. */
export class PushedCredentials extends LiveSource<CredentialSnapshot, CheckedMaterial> {
  readonly #options: PushedOptions
  readonly #authorities: PushedAuthorities
  /** What is in use. */
  #given: PushedMaterial
  /** What was pushed last, in use or not. */
  #latest: PushedMaterial
  /** When something starts that was refused because it is not valid yet. */
  readonly #nextStart: WakeAt
  /** The cause of the last refusal of each part. */
  readonly #causes = new Map<string | undefined, string>()
  #warned: readonly string[] = []
  /** Each is checked against what is in use, so they come one after the other. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor (given: PushedMaterial, loaded: Loaded, authorities: PushedAuthorities, options: PushedOptions) {
    const { clock = SYSTEM_CLOCK } = options
    super(CREDENTIALS, loaded.checked, loaded.checkers, clock)
    this.#options = options
    this.#authorities = authorities
    this.#given = this.#latest = given
    this.#nextStart = new WakeAt(() => { this.recheck() }, {
      now: () => clock.now(), schedule: (task, delay) => clock.schedule(task, delay)
    })
    this.#tell(loaded)
    this.#awaitStart(loaded.refusals.values(), clock.now())
  }

  /**
   * Uses new material. If it is refused, what is in use stays in use, and subscribers are told once for each cause.
   *
   * @returns the snapshot in use
   * @throws CredentialsRefusedError, CredentialsOptionError if it is refused; CredentialsClosedError after `close()`
   */
  async push (given: PushedMaterial): Promise<CredentialSnapshot> {
    const turn = this.#turn.then(async () => await this.#use(given))
    this.#turn = turn.catch(() => {})
    return await turn
  }

  /**
   * Tells subscribers that nothing new can be had, once for each cause. Material that is pushed ends that state.
   *
   * @param cause what is the same in two errors of one cause. Default: code, reason and message, without times and
   *   fingerprints
   */
  fail (error: Error, cause: string = lastingCause(error)): void { this.#refuseOnce(undefined, error, cause) }

  protected override recheck (): void {
    const [given, latest] = [this.#given, this.#latest]
    // If what came last is still refused, a CA may have started of what is in use.
    const again = async (): Promise<void> => { if (given !== latest && !this.closed) await this.push(given) }
    this.push(latest).catch(again).catch(() => {})
  }

  protected override async stop (): Promise<void> {
    this.#nextStart.clear()
    this.#options.onClose()
    await this.#turn
    // A push that was under way may have set it again.
    this.#nextStart.clear()
  }

  async #use (given: PushedMaterial): Promise<CredentialSnapshot> {
    if (this.closed) throw new CredentialsClosedError('new credentials arrived after close()')
    const { clock = SYSTEM_CLOCK } = this.#options
    this.#latest = given
    try {
      const loaded = await load(given, this.#options, this.#authorities, this)
      const snapshot = this.take(loaded.checked, loaded.checkers)
      this.#given = given
      this.#tell(loaded)
      this.#awaitStart(loaded.refusals.values(), clock.now())
      return snapshot
    } catch (error) {
      this.fail(error as Error)
      this.#awaitStart([error as Error], clock.now())
      throw error
    }
  }

  #awaitStart (errors: Iterable<Error & { readonly startsAt?: number | undefined }>, now: number): void {
    const starts = [...errors].map(({ startsAt = -Infinity }) => startsAt).filter((time) => time > now)
    this.#nextStart.set(this.closed ? Infinity : Math.min(...starts))
  }

  #tell ({ refusals, warnings }: Loaded): void {
    for (const part of this.#causes.keys()) {
      if (part === undefined || !refusals.has(part)) this.#causes.delete(part)
    }
    for (const [part, error] of refusals) this.#refuseOnce(part, error)
    this.recover(refusals)
    for (const warning of warnings) if (!this.#warned.includes(warning)) this.warn(warning)
    this.#warned = warnings
  }

  #refuseOnce (part: string | undefined, error: Error, cause: string = lastingCause(error)): void {
    if (this.#causes.get(part) === cause) return
    this.#causes.set(part, cause)
    this.refuse(error, part)
  }
}

/** Each push has new certificates, so their fingerprints make no other cause. */
function lastingCause (error: Error): string { return causeOf(error).replace(/sha256:[0-9a-f]+/g, '') }

/**
 * Checks material.
 *
 * @param authorities what is known of the authorities that were pushed before
 * @param inForce the source that uses it; undefined at the start
 * @throws CredentialsRefusedError, CredentialsOptionError
 */
async function load (
  given: PushedMaterial, { origin, onClose: _, ...options }: PushedOptions, authorities: PushedAuthorities,
  inForce: PushedCredentials | undefined
): Promise<Loaded> {
  const isError = ([, authority]: [string, AuthorityMaterial | Error]): boolean => authority instanceof Error
  const refusals = new Map([...given.authorities].filter(isError) as Array<[string, Error]>)
  const warnings = new Set<string>()
  const origins = { ...OPTION_ORIGINS, cert: origin, key: `the key of ${origin}` }
  const material = { cert: given.cert, key: given.key }
  const own = readOwn(material, origins)
  const former = inForce?.readChecked()
  const previous = inForce?.current
  const { clock = SYSTEM_CLOCK } = options
  const slices = new Slices()
  for (;;) {
    const passed = await authorities.check(given, own, refusals, former?.authorities ?? [], warnings)
    // OpenSSL reads all CAs at once: here, and when the servers use the snapshot.
    await slices.turn()
    try {
      const kept = former && { parts: new Set(refusals.keys()), inForce: former }
      const ready = { own, authorities: passed.authorities }
      const checked = checkMaterial(material, { origins, options, previous, kept, ready, mayLeaveOutNames: true })
      await slices.turn()
      const changed = inForce?.changedAuthorities(checked) ?? checked.authorities
      const checkers = await loadCheckers(changed, (name) => passed.crls.get(name) ?? [], clock, checked, previous)
      await slices.turn()
      return { checked, checkers, refusals, warnings: [...warnings] }
    } catch (error) {
      const blamed = partsOf(error as Error).filter((part) => {
        return part !== undefined && part !== given.own && !refusals.has(part)
      }) as string[]
      if (blamed.length === 0) throw error
      for (const part of blamed) refusals.set(part, error as Error)
    }
  }
}
