import { Agent } from 'undici'
import type { Dispatcher } from 'undici'
import { kClients } from './undici-internals.ts'

/** Mocks by origin: as in undici 8, or as in undici 7, with a count. */
type Planted = Map<string, Dispatcher | { readonly dispatcher: Dispatcher }>

/** Makes `new MockAgent({ agent })` work. Returns a function that finds the dispatcher of an origin's mocks. */
export function acceptMocks (agent: Dispatcher): (origin: string) => Dispatcher | undefined {
  if (kClients === null) return () => undefined
  const planted: Planted = new Map()
  Object.defineProperty(agent, kClients, { value: planted })
  const find = (origin: string): Dispatcher | undefined => {
    const mock = planted.get(origin)
    return mock !== undefined && 'dispatcher' in mock ? mock.dispatcher : mock
  }
  // Mocks of undici 7 expect handlers in the form that its own dispatchers pass on.
  const shaper = new Agent({ factory: (origin) => find(new URL(origin).origin) as Dispatcher })
  return (origin) => planted.size > 0 && find(origin) !== undefined ? shaper : undefined
}
