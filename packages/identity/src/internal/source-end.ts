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
