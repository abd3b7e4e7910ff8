import { isDeepStrictEqual } from 'node:util'
import type { AllowedClients } from './allowed-clients.ts'
import { copyRules } from './copy-rules.ts'
import type { Declaration } from './scope.ts'

/** Longer rules seldom stand on two routes, and their text is kept. */
const MOST_TEXT = 10_000

/**
 * What was declared so far. Most routes of an app say the same few things: those share one declaration, which is compiled once, holds its memory once and remembers its verdicts once. So does the HEAD route that
 * Fastify adds to a GET.
 */
export class DeclaredRules {
  readonly #byText = new Map<string, Declaration>()

  /**
   * @param value the rules, which are copied
   * @param path how errors call them; of equal rules the first path counts
   * @param compile throws where they are wrong: then nothing is kept
   */
  declare (value: AllowedClients, path: string, origin: string, compile: (declaration: Declaration) => void): Declaration {
    const declaration: Declaration = { path, origin, value: copyRules(value) }
    const text = writeText(declaration)
    const known = text === undefined ? undefined : this.#byText.get(text)
    // The text leaves out what JSON does not know, functions among them.
    if (known !== undefined && isDeepStrictEqual(known.value, declaration.value)) return known
    compile(declaration)
    if (text !== undefined) this.#byText.set(text, declaration)
    return declaration
  }
}

function writeText ({ origin, value }: Declaration): string | undefined {
  try {
    const text = JSON.stringify([origin, value])
    return text.length > MOST_TEXT ? undefined : text
  } catch {
    // A circle, or a BigInt: for the compiler to refuse.
    return undefined
  }
}
