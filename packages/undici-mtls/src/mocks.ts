import { Agent } from 'undici'
import type { Dispatcher } from 'undici'

/** Under this symbol an undici MockAgent plants its mocks in the agent that it was given. Undici has no other way for it. */
const kClients = Object.getOwnPropertySymbols(new Agent()).find(({ description }) => description === 'clients')

/** Mocks by origin: as undici 8 keeps them, or as undici 7 does, together with a count. */
type Planted = Map<string, Dispatcher | { readonly dispatcher: Dispatcher }>

/** Lets `new MockAgent({ agent })` answer in place of servers. Gives what serves an origin's mocks, if it has any. */
export function acceptMocks (agent: Dispatcher): (origin: string) => Dispatcher | undefined {
  if (kClients === undefined) return () => undefined
  const planted: Planted = new Map()
  Object.defineProperty(agent, kClients, { value: planted })
  const find = (origin: string): Dispatcher | undefined => {
    const mock = planted.get(origin)
    return mock !== undefined && 'dispatcher' in mock ? mock.dispatcher : mock
  }
  // Mocks of undici 7 want handlers in the shape that its own dispatchers hand on.
  const shaper = new Agent({ factory: (origin) => find(new URL(origin).origin) as Dispatcher })
  return (origin) => planted.size > 0 && find(origin) !== undefined ? shaper : undefined
}
