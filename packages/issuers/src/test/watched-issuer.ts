import assert from 'node:assert/strict'
import { KeyObject } from 'node:crypto'
import { inspect } from 'node:util'
import type { CertificateIssuer, IssuedMaterial, IssueQuestion } from '@peerkit/credentials'

/** Somebody who waits for the end of a call: the one of this number, counted from 1, or a later one. */
interface Waiting { readonly from: number, end (): void }

/** An issuer whose calls a case sees. */
export class WatchedIssuer implements CertificateIssuer {
  readonly name?: string | undefined
  readonly id?: string | undefined
  readonly #issuer: CertificateIssuer
  readonly #secrets: readonly string[]
  readonly #keys: KeyObject[] = []
  #waiting: Waiting[] = []
  #calls = 0
  #running = 0

  /** @param secrets texts that no error may show, such as the token of the issuer */
  constructor (issuer: CertificateIssuer, secrets: readonly string[]) {
    this.#issuer = issuer
    this.#secrets = secrets
    this.name = issuer.name
    this.id = issuer.id
  }

  /** The key of the last call. */
  get lastKey (): KeyObject | undefined { return this.#keys.at(-1) }

  async issue (question: IssueQuestion): Promise<IssuedMaterial> {
    const number = this.#calls += 1
    const { privateKey } = question
    // A key in a token cannot be shown.
    if (privateKey instanceof KeyObject) this.#keys.push(privateKey)
    this.#running += 1
    try {
      return await this.#issuer.issue(question)
    } finally {
      this.#running -= 1
      const over = this.#waiting.filter(({ from }) => number >= from)
      this.#waiting = this.#waiting.filter(({ from }) => number < from)
      for (const { end } of over) end()
    }
  }

  /** Waits for the end of a call that has not begun yet. */
  async endOfNext (): Promise<void> { await this.#endFrom(this.#calls + 1) }

  /** Waits until no call runs. */
  async endOfAll (): Promise<void> { while (this.#running > 0) await this.#endFrom(1) }

  async #endFrom (from: number): Promise<void> {
    await new Promise<void>((resolve) => { this.#waiting.push({ from, end: resolve }) })
  }

  /** @throws AssertionError if it shows a key or a secret, in any way in which errors are logged */
  assertHidden (error: unknown): void {
    const shown = `${String(error)} ${inspect(error, { depth: 9, showHidden: true })} ${JSON.stringify(error)}`
    for (const secret of [...this.#keys.flatMap(linesOf), ...this.#secrets]) {
      assert.ok(!shown.includes(secret), 'an error shows no key and no secret')
    }
  }
}

/** The lines of a key in PEM that are long enough to be found. A key that cannot be exported has none. */
function linesOf (key: KeyObject): readonly string[] {
  try {
    const pem = key.export({ type: 'pkcs8', format: 'pem' }) as string
    return pem.split('\n').filter((line) => line.length > 30 && !line.startsWith('-'))
  } catch {
    return []
  }
}
