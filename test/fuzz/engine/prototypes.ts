/** The prototypes that input from outside must never change. */
const GUARDED = [Object.prototype, Array.prototype, Function.prototype, String.prototype, Map.prototype, Uint8Array.prototype]

/** Remembers the properties of the built-in prototypes. */
export class PrototypeGuard {
  readonly #before = GUARDED.map((prototype) => new Set(Reflect.ownKeys(prototype)))

  /** What was added to a prototype; undefined if nothing was. It is taken away again. */
  findPollution (): string | undefined {
    for (const [index, prototype] of GUARDED.entries()) {
      const before = this.#before[index] as ReadonlySet<string | symbol>
      const keys = Reflect.ownKeys(prototype)
      if (keys.length === before.size) continue
      const added = keys.filter((key) => !before.has(key))
      for (const key of added) Reflect.deleteProperty(prototype, key)
      return `a prototype has new properties: ${added.map(String).join(', ')}`
    }
    return undefined
  }
}

/** Nodes of a result that are looked at. */
const MAX_NODES = 5_000

/**
 * Finds an object whose prototype came from the input: `__proto__` of a document became the prototype of an object, and
 * its values would be found by every look-up.
 */
export function findForeignPrototype (found: unknown): string | undefined {
  const seen = new Set<object>()
  const open: unknown[] = [found]
  while (open.length > 0 && seen.size < MAX_NODES) {
    const value = open.pop()
    if (typeof value !== 'object' || value === null || seen.has(value) || ArrayBuffer.isView(value)) continue
    seen.add(value)
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype !== null && !Object.hasOwn(prototype as object, 'constructor')) {
      return `an object has a prototype of the input with ${Reflect.ownKeys(prototype as object).map(String).join(', ')}`
    }
    if (value instanceof Map) open.push(...value.keys(), ...value.values())
    else if (value instanceof Set) open.push(...value)
    else for (const { value: inner } of Object.values(Object.getOwnPropertyDescriptors(value))) open.push(inner)
  }
  return undefined
}
