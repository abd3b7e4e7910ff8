const PLAIN = /^[A-Za-z_$][\w$]*$/

/** The path of a value in a configuration. It is a linked list; the text is only created for an error. */
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

  /** `config.allowedClients[1].spiffe[0]`; keys that are not identifiers are in brackets and quotes. */
  toString (): string {
    const key = this.#key
    if (this.#parent === undefined) return String(key)
    if (typeof key === 'number') return `${this.#parent}[${key}]`
    return PLAIN.test(key) ? `${this.#parent}.${key}` : `${this.#parent}[${JSON.stringify(key)}]`
  }
}
