import { MTLS_ERR_SERVICES_OPTION } from './errors.ts'
import type { Service } from './service.ts'

/** Names that JavaScript itself, loggers and test tools ask any object for. No service has one of them. */
const ASKED_OF_ANYTHING = new Set([
  'then', 'toJSON', 'constructor', 'prototype', '__proto__', 'inspect', 'nodeType', '$$typeof', 'asymmetricMatch'
])

/**
 * Freezes the services, and says which ones there are where a misspelt one is read. Without this its caller would get
 * "Cannot read properties of undefined". `'name' in services` says whether there is one.
 */
export function nameMissing (byName: Record<string, Service>): Readonly<Record<string, Service>> {
  const services: Record<string, Service> = Object.assign(Object.create(null), byName)
  return new Proxy(Object.freeze(services), {
    get (target, name) {
      if (typeof name === 'symbol' || Object.hasOwn(target, name)) return target[name as string]
      if (ASKED_OF_ANYTHING.has(name)) return undefined
      const known = Object.keys(target)
      const meant = known.find((one) => isNear(name.toLowerCase(), one.toLowerCase()))
      throw new MTLS_ERR_SERVICES_OPTION(
        `there is no service ${JSON.stringify(name)}; expected one of ${known.join(', ')}` +
          (meant === undefined ? '' : `; did you mean "${meant}"?`)
      )
    }
  })
}

/** Whether two words are equal after one letter is left out of each, at most two places apart. */
function isNear (one: string, other: string): boolean {
  if (Math.abs(one.length - other.length) > 1) return false
  const without = (word: string): Set<string> =>
    new Set([word, ...Array.from(word, (_, at) => word.slice(0, at) + word.slice(at + 1))])
  const shorter = without(other)
  return [...without(one)].some((word) => shorter.has(word))
}
