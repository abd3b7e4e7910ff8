import { WakeAt } from '@peerkit/identity/internal'
import { PushedAuthorities } from '../authority/pushed-authorities.ts'
import { SYSTEM_CLOCK } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { causeOf, CredentialsClosedError } from '../errors.ts'
import type { CheckedMaterial, CheckedTrust } from '../material/check-material.ts'
import type { CredentialSnapshot, TrustSnapshot } from './credential-snapshot.ts'
import { CREDENTIALS, TRUST } from './frozen-snapshot.ts'
import type { SourceKind } from './frozen-snapshot.ts'
import { LiveSource } from './live-source.ts'
import { loadPushed } from './load-pushed.ts'
import type { Loaded, Loader, PushedMaterial, PushedOptions } from './load-pushed.ts'
import type { BundleStatus, SourceStatus } from './source-status.ts'

/** Credentials that are replaced by what is pushed. */
export type PushedCredentials = PushedSource<CredentialSnapshot, CheckedMaterial>
/** A trust that is replaced by what is pushed. */
export type PushedTrust = PushedSource<TrustSnapshot, CheckedTrust>

/**
 * Makes credentials of material that somebody else pushes.
 *
 * @throws CredentialsRefusedError, CredentialsOptionError if the first material fails a check
 */
export async function startPushedCredentials (
  first: PushedMaterial, options: PushedOptions
): Promise<PushedCredentials> {
  return await start(CREDENTIALS, first, options)
}

/**
 * Makes a trust of authorities that somebody else pushes, without a certificate and key.
 *
 * @throws CredentialsRefusedError, CredentialsOptionError if the first material fails a check
 */
export async function startPushedTrust (first: PushedMaterial, options: PushedOptions): Promise<PushedTrust> {
  return await start(TRUST, first, options)
}

async function start<Snapshot extends TrustSnapshot, Checked extends CheckedTrust> (
  kind: SourceKind<Snapshot, Checked>, first: PushedMaterial, options: PushedOptions
): Promise<PushedSource<Snapshot, Checked>> {
  const loader: Loader<Snapshot, Checked> = { kind, options, authorities: new PushedAuthorities(options) }
  return new PushedSource(loader, first, await loadPushed(loader, first, undefined))
}

/** A source whose material is replaced by what is pushed. */
export class PushedSource<Snapshot extends TrustSnapshot, Checked extends CheckedTrust>
  extends LiveSource<Snapshot, Checked> {
  readonly #loader: Loader<Snapshot, Checked>
  /** What is in use. */
  #given: PushedMaterial
  /** What was pushed last, in use or not. */
  #latest: PushedMaterial
  /** When something starts that was refused because it is not valid yet. */
  readonly #nextStart: WakeAt
  readonly #clock: Clock
  readonly mayAdd?: (authority: string) => boolean
  /** The cause of the last refusal of each part. */
  readonly #causes = new Map<string | undefined, string>()
  #warned: readonly string[] = []
  /** How often our certificate was taken back. */
  #withdrawals = 0
  /** Each is checked against what is in use, so they come one after the other. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor (loader: Loader<Snapshot, Checked>, given: PushedMaterial, loaded: Loaded<Checked>) {
    const { clock = SYSTEM_CLOCK, mayAdd } = loader.options
    super(loader.kind, loaded.checked, loaded.checkers, clock)
    this.#loader = loader
    this.#given = this.#latest = given
    this.#nextStart = new WakeAt(() => { this.recheck() }, {
      now: () => clock.now(), schedule: (task, delay) => clock.schedule(task, delay)
    })
    this.#clock = clock
    if (mayAdd !== undefined) this.mayAdd = mayAdd
    this.#tell(loaded, given)
    this.#awaitStart(loaded.refusals.values())
  }

  /**
   * Uses new material. If it is refused, what is in use stays in use, and subscribers are told once for each cause.
   *
   * @returns the snapshot in use
   * @throws CredentialsRefusedError, CredentialsOptionError if it is refused; CredentialsClosedError after `close()`
   */
  async push (given: PushedMaterial): Promise<Snapshot> {
    const withdrawals = this.#withdrawals
    const turn = this.#turn.then(async () => await this.#use(given, withdrawals))
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

  /** It waits for its turn, because what is pushed until then counts more. */
  protected override recheck (): void {
    this.#turn = this.#turn.then(async () => { await this.#checkAgain() }).catch(() => {})
  }

  async #checkAgain (): Promise<void> {
    const [given, latest] = [this.#given, this.#latest]
    // What was withdrawn is not taken again by itself.
    const isOver = (): boolean => this.closed || (this.current as Partial<CredentialSnapshot>).withdrawn === true
    if (isOver()) return
    try {
      await this.#use(latest)
    } catch (error) {
      if (given === latest || isOver()) return
      // What came last is still refused. A CA may have started of what is in use.
      await this.#use(given)
      this.#latest = latest
      this.#awaitStart([error as Error])
    }
  }

  override withdraw (): void {
    this.#withdrawals += 1
    super.withdraw()
  }

  protected override describeOrigin (): Pick<SourceStatus, 'kind' | 'origin'> {
    const { from, origin } = this.#loader.options
    return from ?? { kind: 'workload api', origin }
  }

  /** A trust of bundles is failing if one of them is: it has nothing else. */
  protected override isBundle (part: string | undefined): boolean {
    return part !== undefined && this.#loader.kind as unknown === CREDENTIALS
  }

  /** Each change is pushed. So what is in use is confirmed while there is somebody to push. */
  protected override listBundles (): readonly BundleStatus[] {
    const { kind: origin } = this.describeOrigin()
    const confirmedAt = this.refusalOf(undefined)?.since ?? this.#clock.now()
    const inUse = new Set(this.current.authorities.map(({ name }) => name))
    const fetched = this.#loader.options.listFetched?.() ?? []
    const pushed = [...this.#given.authorities.keys()].filter((name) => {
      return !fetched.some(({ authority }) => authority === name)
    })
    const ofPushed = pushed.map((authority): BundleStatus => {
      const refusal = this.refusalOf(authority)
      const refreshedAt = inUse.has(authority) ? Math.min(confirmedAt, refusal?.since ?? Infinity) : undefined
      const problem = refusal?.error.message
      return { authority, origin, sequence: undefined, refreshedAt, nextRefresh: undefined, problem }
    })
    return [...ofPushed, ...fetched]
  }

  protected override async stop (): Promise<void> {
    this.#nextStart.clear()
    await this.#loader.options.onClose()
    await this.#turn
    // A push that was under way may have set it again.
    this.#nextStart.clear()
  }

  /** @param withdrawals how often our certificate had been taken back when the material came */
  async #use (given: PushedMaterial, withdrawals: number = this.#withdrawals): Promise<Snapshot> {
    if (this.closed) throw new CredentialsClosedError('new credentials arrived after close()')
    this.#latest = given
    try {
      const loaded = await loadPushed(this.#loader, given, this)
      // A certificate that was taken back while it was checked stays so.
      const keepsOwn = given.cert === undefined || withdrawals !== this.#withdrawals
      const snapshot = this.take(loaded.checked, loaded.checkers, keepsOwn)
      this.#given = given
      this.#tell(loaded, given)
      this.#awaitStart(loaded.refusals.values())
      return snapshot
    } catch (error) {
      this.fail(error as Error)
      this.#awaitStart([error as Error])
      throw error
    }
  }

  #awaitStart (errors: Iterable<Error & { readonly startsAt?: number | undefined }>): void {
    const now = this.#clock.now()
    const starts = [...errors].map(({ startsAt = -Infinity }) => startsAt).filter((time) => time > now)
    this.#nextStart.set(this.closed ? Infinity : Math.min(...starts))
  }

  #tell ({ refusals, warnings }: Loaded<Checked>, { cert }: PushedMaterial): void {
    // New authorities alone say nothing about our certificate and key.
    const keepsOwn = cert === undefined && this.#loader.kind as unknown === CREDENTIALS
    for (const part of this.#causes.keys()) {
      if (part === undefined ? !keepsOwn : !refusals.has(part)) this.#causes.delete(part)
    }
    for (const [part, error] of refusals) this.#refuseOnce(part, error)
    this.recover(keepsOwn ? new Map([...refusals, [undefined, undefined as unknown as Error]]) : refusals)
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
