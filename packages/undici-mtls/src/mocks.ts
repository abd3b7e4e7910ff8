import { Agent } from 'undici'
import type { Dispatcher } from 'undici'

/** Under this symbol an undici MockAgent plants its mocks in the agent that it was given. Undici has no other way for it. */
const kClients = Object.getOwnPropertySymbols(new Agent()).find(({ description }) => description === 'clients')

/** Mocks by origin: as undici 8 keeps them, or as undici 7 does, together with a count. */
type Planted = Map<string, Dispatcher | { readonly dispatcher: Dispatcher }>

/** Lets `new MockAgent({ agent })` answer in place of servers. */
export function acceptMocks (agent: Dispatcher): (origin: string) => Dispatcher | undefined {
  if (kClients === undefined) return () => undefined
  const planted: Planted = new Map()
  Object.defineProperty(agent, kClients, { value: planted })
  return (origin) => {
    if (planted.size === 0) return undefined
    const mock = planted.get(origin)
    return mock !== undefined && 'dispatcher' in mock ? mock.dispatcher : mock
  }
}
