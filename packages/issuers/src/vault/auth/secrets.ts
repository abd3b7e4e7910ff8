/** Enough for what is in use and what was in use before. */
const MOST = 16
/** A shorter text would be hidden everywhere. */
const LEAST_LENGTH = 4

/** The secrets that were used, so that no error shows them. OpenBao may send back what it was sent. */
export class Secrets {
  readonly #known = new Set<string>()

  /** Remembers a secret, and returns it. */
  add (secret: string): string {
    this.#known.delete(secret)
    if (secret.length >= LEAST_LENGTH) this.#known.add(secret)
    if (this.#known.size > MOST) this.#known.delete([...this.#known][0] as string)
    return secret
  }

  list (): readonly string[] { return [...this.#known] }

  hide (text: string): string {
    return this.list().reduce((shown, secret) => shown.replaceAll(secret, '…'), text)
  }
}
