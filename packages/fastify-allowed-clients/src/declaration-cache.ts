import { isDeepStrictEqual } from 'node:util'
import type { AllowedClients } from './allowed-clients.ts'
import { copyRules } from './copy-rules.ts'
import type { Declaration } from './scope.ts'

/** Longer rules are not deduplicated: they are rarely used on two routes, and their text is kept in memory. */
const MOST_TEXT = 10_000

/**
 * The rules that were declared so far. Most routes of an app have the same few rules. They share one declaration, which
 * is compiled once and has one cache. So does the HEAD route that Fastify adds to a GET route.
 */
export class DeclarationCache {
  readonly #byText = new Map<string, Declaration>()

  /**
   * @param value the rules, which are copied
   * @param path the name of the rules in errors; for equal rules the first path is kept
   * @param compile throws if they are wrong: then nothing is kept
   */
  declare (
    value: AllowedClients, path: string, origin: string, compile: (declaration: Declaration) => void
  ): Declaration {
    const declaration: Declaration = { path, origin, value: copyRules(value) }
    const text = writeText(declaration)
    const known = text === undefined ? undefined : this.#byText.get(text)
    // JSON omits functions, so equal text does not mean equal rules.
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
    // A circular structure, or a BigInt. The compiler refuses them.
    return undefined
  }
}
