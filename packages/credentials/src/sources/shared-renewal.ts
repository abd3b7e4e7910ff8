import { messageOf, withTimeout } from '@peerkit/identity/internal'
import { withinTime } from '../clock.ts'
import {
  CredentialsClosedError, CredentialsRefusedError, CredentialsUnavailableError, MaterialError
} from '../errors.ts'
import type { StoreQuestion } from '../store/certificate-store.ts'
import type { CredentialSnapshot } from './credential-snapshot.ts'
import { checkFetched, loadTimed } from './load-timed.ts'
import type { Loaded } from './load-timed.ts'
import type { Fetched, Stored, Timed } from './timed-plan.ts'

/** Milliseconds until the store is looked at again, while another instance renews. Up to half of it is jitter. */
const LOOK_AGAIN = 1_000

/**
 * Gets certificates by a store: what another instance or the last process got is used while it is not due, and one
 * instance asks the issuer at a time.
 *
 * The store saves calls and decides nothing. If it fails while a certificate is in use, the issuer is asked without it:
 * a store that is away, or a lock that is never given back, must not let a certificate expire. At the start the failure
 * is an error: a process that restarts again and again must not use up what the issuer allows.
 */
export class SharedRenewal {
  readonly #timed: Timed
  readonly #stored: Stored
  #problem: string | undefined
  /** Whether it failed since this use began. */
  #isAway = false
  /** All problems of the last use, and those of the use before that were told. */
  #problems: string[] = []
  #told: readonly string[] = []

  constructor (timed: Timed, stored: Stored) {
    this.#timed = timed
    this.#stored = stored
  }

  get name (): string { return this.#stored.store.name ?? 'store' }

  /** Why the store failed when it was last used. */
  get problem (): string | undefined { return this.#problem }

  /** Tells the problems of the last use. One that lasts is told once. */
  tellProblems (tell: (problem: string) => void): void {
    const problems = this.#problems
    for (const problem of problems) if (!this.#told.includes(problem)) tell(problem)
    this.#told = problems
  }

  /**
   * @param previous the snapshot in use; undefined at the start
   * @throws what the issuer, the checks or at the start the store throw; CredentialsClosedError
   */
  async obtain (previous: CredentialSnapshot | undefined, signal: AbortSignal): Promise<Loaded> {
    this.#problem = undefined
    this.#problems = []
    this.#isAway = false
    let waited = 0
    for (;;) {
      const stored = await this.#tolerate(previous, signal, async () => await this.#take(previous, signal))
      if (stored !== undefined) return stored
      // A store that is away has no lock worth waiting for.
      const mayLock = !this.#isAway && this.#stored.store.lock !== undefined
      const lock = mayLock ? await this.#tolerate(previous, signal, async () => await this.#lock(signal)) : undefined
      if (lock === 'taken' && waited < this.#patience(previous)) {
        waited += await this.#pause(signal)
        continue
      }
      return await this.#renew(previous, signal, lock === 'taken' ? undefined : lock)
    }
  }

  /** Asks the issuer, and gives the lock back. */
  async #renew (
    previous: CredentialSnapshot | undefined, signal: AbortSignal, release: (() => Promise<void>) | undefined
  ): Promise<Loaded> {
    try {
      // Another instance may have renewed between the look at the store and the lock.
      const stored = release && await this.#tolerate(previous, signal, async () => await this.#take(previous, signal))
      if (stored !== undefined) return stored
      const loaded = await loadTimed(this.#timed, previous, signal)
      const { text } = loaded.fetched
      // The certificate is issued, and good for this instance also where it cannot be stored.
      if (text !== undefined) await this.#save(text, signal)
      return loaded
    } finally {
      if (release !== undefined) await this.#release(release)
    }
  }

  /** What is stored, if it may be used. */
  async #take (previous: CredentialSnapshot | undefined, signal: AbortSignal): Promise<Loaded | undefined> {
    const text = await this.#ask(signal, async (question) => await this.#stored.store.load(question))
    if (text === undefined) return undefined
    const { fetched, loaded } = await this.#check(text, previous, signal)
    const [leaf] = loaded?.checked.certificates ?? []
    if (leaf === undefined || fetched === undefined) return undefined
    if (leaf.fingerprint256 === previous?.identity.fingerprint256) return undefined
    // At the start a certificate that is due is better than none. It is renewed at once then.
    const isDue = this.#stored.isDue(leaf, fetched, this.#timed.timing.clock.now())
    return previous !== undefined && isDue ? undefined : loaded
  }

  /** What is stored is never trusted more than an answer of the issuer. */
  async #check (
    text: string, previous: CredentialSnapshot | undefined, signal: AbortSignal
  ): Promise<{ readonly fetched?: Fetched | undefined, readonly loaded?: Loaded }> {
    try {
      const fetched = await this.#read(text, signal)
      if (fetched === undefined) return {}
      return { fetched, loaded: await checkFetched(this.#timed, fetched, { previous, signal }) }
    } catch (error) {
      const hasExpired = error instanceof CredentialsRefusedError && error.reason === 'expired'
      // It is replaced by the next one.
      if (!hasExpired) this.#note(new Error(`${this.name}: what is stored cannot be used: ${detailOf(error)}`))
      return {}
    }
  }

  /** What is trusted may be in a file, on a disk that does not answer. */
  async #read (text: string, signal: AbortSignal): Promise<Fetched | undefined> {
    const { clock, timeout } = this.#timed.timing
    const read = async (own: AbortSignal): Promise<Fetched | undefined> => await this.#stored.read(text, own)
    return await withinTime(read, { clock, timeout, signal, what: this.#timed.what })
  }

  async #lock (signal: AbortSignal): Promise<(() => Promise<void>) | 'taken'> {
    const { store } = this.#stored
    return await this.#ask(signal, async (question) => await store.lock?.(question)) ?? 'taken'
  }

  /** Also after the source was closed, and never without end: the renewal, or the end, waits for it. */
  async #release (release: () => Promise<void>): Promise<void> {
    try {
      await this.#ask(new AbortController().signal, release)
    } catch (error) {
      this.#note(error)
    }
  }

  async #save (text: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#ask(signal, async (question) => { await this.#stored.store.save(text, question) })
      this.#problem = undefined
    } catch (error) {
      if (signal.aborted) throw error
      this.#note(error)
    }
  }

  /** @throws CredentialsUnavailableError, CredentialsClosedError */
  async #ask<Answer> (signal: AbortSignal, ask: (question: StoreQuestion) => Promise<Answer>): Promise<Answer> {
    const { clock, timeout } = this.#timed.timing
    try {
      return await withinTime(async (own) => await ask({ signal: own }), { clock, timeout, signal, what: this.name })
    } catch (error) {
      if (String((error as { code?: unknown } | undefined)?.code).startsWith('MTLS_ERR_CREDENTIALS_')) throw error
      throw new CredentialsUnavailableError('store', `${this.name} failed: ${messageOf(error)}`, { cause: error })
    }
  }

  /** While a certificate is in use, a failure of the store is noted, and the issuer is asked. */
  async #tolerate<Answer> (
    previous: CredentialSnapshot | undefined, signal: AbortSignal, use: () => Promise<Answer>
  ): Promise<Answer | undefined> {
    try {
      return await use()
    } catch (error) {
      if (previous === undefined || signal.aborted) throw error
      this.#isAway = true
      this.#note(error)
      return undefined
    }
  }

  #note (error: unknown): void {
    this.#problem = detailOf(error)
    if (!this.#problems.includes(this.#problem)) this.#problems.push(this.#problem)
  }

  /** How long another instance may hold the lock, in milliseconds. Then the issuer is asked without it. */
  #patience (previous: CredentialSnapshot | undefined): number {
    const { clock, timeout } = this.#timed.timing
    const left = previous === undefined ? Infinity : (previous.notAfter - clock.now()) / 3
    return Math.min(3 * timeout, Math.max(left, 0))
  }

  async #pause (signal: AbortSignal): Promise<number> {
    const { clock, random } = this.#timed.timing
    const pause = LOOK_AGAIN * (1 - random() / 2)
    const schedule = (task: () => void, delay: number): () => void => clock.schedule(task, delay)
    const end = withTimeout(new Promise<void>(() => {}), { timeout: pause, signal, schedule, onTimeout: () => {} })
    await end.catch(() => {
      throw new CredentialsClosedError(`${this.name}: the source was closed before its turn came`)
    })
    return pause
  }
}

function detailOf (error: unknown): string { return error instanceof MaterialError ? error.detail : messageOf(error) }
