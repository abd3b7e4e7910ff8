const PLAIN = /^[A-Za-z_$][\w$]*$/

/** Where a value stands in a configuration. A list of links, written out only when an error needs it: a hundred thousand values cost no texts. */
export class RulePath {
  readonly #parent: RulePath | undefined
  readonly #key: string | number

  constructor (key: string | number, parent?: RulePath) {
    this.#key = key
    this.#parent = parent
  }

  at (key: string | number): RulePath {
    return new RulePath(key, this)
  }

  /** `config.allowedClients[1].spiffe[0]`; keys that are no identifiers in brackets and quotes. */
  toString (): string {
    const key = this.#key
    if (this.#parent === undefined) return String(key)
    if (typeof key === 'number') return `${this.#parent}[${key}]`
    return PLAIN.test(key) ? `${this.#parent}.${key}` : `${this.#parent}[${JSON.stringify(key)}]`
  }
}
