import { KitClock } from './kit-clock.ts'
import { createKitCa, makeOtherKey, readRequestedKey, readRequestedNames } from './kit-ca.ts'
import type { KitCa } from './kit-ca.ts'

/** How the CA of a case answers a request. */
export type WorldAnswer =
  | {
    readonly type: 'issued'
    /** The leaf, PEM. */
    readonly leaf: string
    /** The intermediates, PEM. Empty in the case of a chain without them. */
    readonly intermediates: readonly string[]
    /** The root, PEM. */
    readonly root: string
  }
  /** The issuer answers with an error: `rate_limited` with the seconds after which it may be asked again. */
  | { readonly type: 'rate_limited', readonly retryAfter: number }
  | { readonly type: 'unavailable' }
  /** The connection breaks before the answer. The certificate was issued. */
  | { readonly type: 'dropped' }
  /** An answer that is not of its API, such as the page of a proxy. */
  | { readonly type: 'garbage', readonly text: string }

/** What the CA of a case does. */
export type Behaviour =
  | 'issue' | 'other_key' | 'expired' | 'not_yet_valid' | 'no_intermediate' | 'rate_limited' | 'unavailable' | 'dropped'
  | 'garbage' | 'silent'

/** The CA of a case. What the issuer calls in the test asks it for every answer. */
export interface IssuerWorld {
  /** The time of the case. */
  readonly clock: KitClock
  /** The root that a client trusts, PEM. */
  readonly root: string
  /**
   * Answers a request.
   *
   * @param request a certificate request, PEM or DER, or a SubjectPublicKeyInfo in PEM
   */
  answer (request: string | Uint8Array): Promise<WorldAnswer>
}

const HOUR = 3_600_000

/** The CA of one case, with what the case says to it. */
export class CaseWorld implements IssuerWorld {
  readonly clock: KitClock = new KitClock()
  behaviour: Behaviour = 'issue'
  /** Milliseconds from the start of a certificate to its end. */
  lifetime: number = 24 * HOUR
  /** How far the clock of the issuer is ahead of ours, in milliseconds. */
  ahead = 0
  /** How often it was asked. */
  calls = 0
  /** How many certificates were issued whose answer was lost. */
  lost = 0
  #ca: KitCa
  readonly #waiting: Array<() => void> = []
  readonly #silent: Array<() => void> = []

  private constructor (ca: KitCa) { this.#ca = ca }

  static async create (): Promise<CaseWorld> {
    return new CaseWorld(await createKitCa('Kit CA', Date.now()))
  }

  get root (): string { return this.#ca.root }

  /** Issues by another root from now on. */
  async replaceRoot (): Promise<void> { this.#ca = await createKitCa('Kit CA of later', this.clock.now()) }

  /** Waits until it is asked again. */
  async nextCall (): Promise<void> { await new Promise<void>((resolve) => { this.#waiting.push(resolve) }) }

  /** Answers what it was silent about, so that a test can end. */
  release (): void { for (const answer of this.#silent.splice(0)) answer() }

  async answer (request: string | Uint8Array): Promise<WorldAnswer> {
    this.calls += 1
    for (const asked of this.#waiting.splice(0)) asked()
    switch (this.behaviour) {
      case 'rate_limited': return { type: 'rate_limited', retryAfter: 600 }
      case 'unavailable': return { type: 'unavailable' }
      case 'dropped':
        await this.#issue(request)
        this.lost += 1
        return { type: 'dropped' }
      case 'garbage': return { type: 'garbage', text: '<html>Please log in</html>' }
      case 'silent':
        await new Promise<void>((resolve) => { this.#silent.push(resolve) })
        return { type: 'unavailable' }
      default: return await this.#issue(request)
    }
  }

  async #issue (request: string | Uint8Array): Promise<WorldAnswer> {
    const { behaviour, lifetime } = this
    const publicKey = behaviour === 'other_key' ? await makeOtherKey() : readRequestedKey(request)
    const shift = behaviour === 'expired' ? -2 * lifetime : behaviour === 'not_yet_valid' ? lifetime : 0
    const notBefore = Math.floor((this.clock.now() + this.ahead + shift) / 1000) * 1000
    const validity = { notBefore, notAfter: notBefore + lifetime }
    const leaf = await this.#ca.sign(publicKey, validity, readRequestedNames(request))
    const intermediates = behaviour === 'no_intermediate' ? [] : [this.#ca.intermediate]
    return { type: 'issued', leaf, intermediates, root: this.#ca.root }
  }
}
