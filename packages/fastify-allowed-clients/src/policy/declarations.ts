import { isDeepStrictEqual } from 'node:util'
import type { PackedRuleSet } from '@peerkit/rules/internal'
import type { AllowedClients } from '../plugin-options.ts'

/** Rules as they were declared. They are compiled again when groups change. */
export interface Declaration {
  /** Their name in errors, for example `GET /invoices: config.allowedClients`. */
  readonly path: string
  /** Their name in logs and lists, for example `config.allowedClients`. */
  readonly origin: string
  /** Rules of a file are packed. */
  readonly value: AllowedClients | PackedRuleSet
}

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

/** Rules are refused beyond 16 levels, each an array and an object. This limit stops circular ones. */
const MAX_DEPTH = 40

/**
 * Copies rules, so that later changes by the caller do not affect a reload. Only arrays and plain objects are copied,
 * recursively. Everything else is kept as it is, for the compiler to check.
 */
export function copyRules<T> (value: T, depth = 0): T {
  if (depth > MAX_DEPTH) return value
  if (Array.isArray(value)) return value.map((inner) => copyRules(inner, depth + 1)) as T
  if (!isPlainObject(value)) return value
  return Object.fromEntries(
    Reflect.ownKeys(value).map((key) => [key, copyRules((value as Record<PropertyKey, unknown>)[key], depth + 1)])
  ) as T
}

function isPlainObject (value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}
