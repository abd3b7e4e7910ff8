import { fetch } from 'undici'
import type { Dispatcher, Response } from 'undici'
import type { PeerIdentity } from '@peerkit/identity'
import type { Dispatch } from './compose.ts'
import { kOnServer } from './exchange.ts'

const servers = new WeakMap<Response, PeerIdentity>()

/** `fetch` of the undici that this package was loaded with, sent by `dispatch`: whatever major the built-in fetch is of, these two fit. */
export function bindFetch (dispatch: Dispatch): typeof fetch {
  return async function fetchByAgent (input: Parameters<typeof fetch>[0], init?: Parameters<typeof fetch>[1]): Promise<Response> {
    let server: PeerIdentity | undefined
    // After a redirect it is the last who served.
    const onServer = (found: PeerIdentity | undefined): void => { server = found }
    const dispatcher = { dispatch: (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) => dispatch({ ...options, [kOnServer]: onServer } as Dispatcher.DispatchOptions, handler) }
    const response = await fetch(input, { ...init, dispatcher: dispatcher as Dispatcher })
    if (server !== undefined) servers.set(response, server)
    return response
  } as typeof fetch
}

/** Who served a response of `agent.fetch`. */
export function serverOfFetched (response: object): PeerIdentity | undefined {
  return servers.get(response as Response)
}
