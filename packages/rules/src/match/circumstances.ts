import type { Binding, ReadRequestValue } from '../language/request-value.ts'

const NOTHING: readonly string[] = Object.freeze([])

/** What a decision depends on besides the certificate: the request and the time. One object for each decision. */
export class Circumstances {
  readonly #request: unknown
  readonly #read: ReadRequestValue | undefined
  readonly #clock: () => number
  #now: number | undefined
  /** Whether a rule needs a value that the request has not exactly once, or that is invalid. */
  isRequestIncomplete = false

  /** @param read undefined if there is no request. Then it has no values */
  constructor (request: unknown, read: ReadRequestValue | undefined, clock: () => number) {
    this.#request = request
    this.#read = request === undefined || request === null ? undefined : read
    this.#clock = clock
  }

  /** The moment of the decision, in milliseconds since the epoch. All rules see the same. */
  get now (): number {
    this.#now ??= this.#clock()
    return this.#now
  }

  /** Whether there is a request. */
  get hasRequest (): boolean { return this.#read !== undefined }

  /** All values that the request has for a binding. */
  ask ({ source, name }: Pick<Binding, 'source' | 'name'>): readonly string[] {
    return this.#read === undefined ? NOTHING : this.#read(this.#request, source, name)
  }
}

/** Neither a request nor a clock: for rules that depend on neither. */
export function noCircumstances (): Circumstances {
  return new Circumstances(undefined, undefined, Date.now)
}
