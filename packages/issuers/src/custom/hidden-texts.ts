import { messageOf } from '@peerkit/identity/internal'
import { IssuerError, detailOf } from '../errors.ts'
import type { IssuerReason } from '../errors.ts'

/** Errors are looked at this far down their causes. */
const DEEPEST = 5

/** Texts that no error of one call may show: those of the option `secrets`, and what headers prove us with. */
export class HiddenTexts {
  readonly #texts: Set<string>

  constructor (texts: readonly string[]) { this.#texts = new Set(texts) }

  /** An API may send back the headers of a request. */
  addHeaders (headers: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(headers)) {
      if (!/auth|token|key|secret|cookie/i.test(name)) continue
      // The last word of `Bearer …`, too.
      for (const part of [value, value.split(' ').at(-1) as string]) this.#texts.add(part)
    }
  }

  list (): readonly string[] { return [...this.#texts].filter((text) => text !== '') }

  hide (text: string): string { return this.list().reduce((shown, secret) => shown.replaceAll(secret, '…'), text) }

  /**
   * An error without these texts. `request` and `read` may throw one that quotes what the API sent back. It is replaced
   * then: its stack and its causes say the same again.
   */
  hideIn (error: unknown, name: string): unknown {
    if (!messagesOf(error).some((message) => this.hide(message) !== message)) return error
    const { reason, status, retryAfter } = (error instanceof Error ? error : {}) as Partial<IssuerError>
    const wait = typeof retryAfter === 'number' && retryAfter >= 0 ? retryAfter : undefined
    const isOurs = error instanceof IssuerError
    const detail = isOurs ? detailOf(error) : `${name}: ${messageOf(error)}`
    return new IssuerError(isOurs ? reason as IssuerReason : 'answer', this.hide(detail), {
      status: isOurs ? status : undefined, retryAfter: wait
    })
  }
}

function messagesOf (error: unknown): readonly string[] {
  const found: string[] = []
  for (let [one, depth] = [error, 0]; one !== undefined && depth < DEEPEST; depth += 1) {
    found.push(messageOf(one))
    one = one instanceof Error ? one.cause : undefined
  }
  return found
}
