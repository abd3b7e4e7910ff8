import { describeLack, methods, valueOf } from './option-values.ts'
import type { OptionType } from './options.ts'
import { describeValue } from './text.ts'

/** A revocation checker, such as that of `crlChecker()`. */
export const revocationChecker: OptionType = methods(['check', 'permits', 'subscribe'], 'a revocation checker')

/**
 * A source of credentials or of trust.
 *
 * @param part the property that its snapshots must have
 */
export function source (expected: string, part: string): OptionType {
  const snapshotOf = (value: unknown): object | undefined => (value as { readonly current?: object }).current
  const flaw = (value: unknown): string | undefined => {
    if (!isObject(value)) return describeValue(value)
    if (typeof (value as { readonly subscribe?: unknown }).subscribe !== 'function') {
      return describeLack(value, 'subscribe()')
    }
    const current = snapshotOf(value)
    if (!isObject(current)) return 'a source without a current snapshot'
    return (current as Record<string, unknown>)[part] === undefined ? `a source without current.${part}` : undefined
  }
  return valueOf(expected, (value) => flaw(value) === undefined, (value) => flaw(value) as string)
}

/** A credential source, such as that of `fileCredentials()`. */
export const credentialSource: OptionType = source('a credential source such as fileCredentials() returns', 'cert')

/** What is called when a source of credentials or trust closes. */
type EndListener = (closedBy: string | undefined) => void

const listeners = new WeakMap<object, Set<EndListener>>()
const closers = new WeakMap<object, string>()

/**
 * Calls the listener when a source is closed: who still uses it gets no new certificates from it.
 *
 * @returns stops it
 */
export function whenSourceCloses (source: object, listener: EndListener): () => void {
  const known = listeners.get(source) ?? new Set()
  listeners.set(source, known.add(listener))
  return () => { known.delete(listener) }
}

/** Closes a source, and tells who still uses it what closed it, such as an option. */
export async function closeSource (source: { close (): Promise<void> }, closedBy: string): Promise<void> {
  closers.set(source, closedBy)
  await source.close()
}

/** A source calls it when it is closed. */
export function announceSourceEnd (source: object): void {
  for (const listener of [...listeners.get(source) ?? []]) listener(closers.get(source))
  listeners.delete(source)
}

function isObject (value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}
