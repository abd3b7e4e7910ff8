import { fetch } from 'undici'
import type { Dispatcher, Response } from 'undici'
import type { PeerIdentity } from '@peerkit/identity'
import type { Dispatch } from './compose.ts'
import { kOnServer } from './exchange.ts'
import { adoptRequest } from './foreign-request.ts'

const servers = new WeakMap<Response, PeerIdentity>()

/**
 * Makes a `fetch` that sends by `dispatch`. It is the fetch of the undici that this package imports, so their versions
 * fit.
 */
export function bindFetch (dispatch: Dispatch): typeof fetch {
  return async function fetchByAgent (
    input: Parameters<typeof fetch>[0], init?: Parameters<typeof fetch>[1]
  ): Promise<Response> {
    let server: PeerIdentity | undefined
    // After a redirect it is the last server.
    const onServer = (found: PeerIdentity | undefined): void => { server = found }
    const dispatcher = {
      dispatch: (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) =>
        dispatch({ ...options, [kOnServer]: onServer } as Dispatcher.DispatchOptions, handler)
    }
    const [ownInput, ownInit] = adoptRequest(input, init)
    const response = await fetch(ownInput, { ...ownInit, dispatcher: dispatcher as Dispatcher })
    if (server !== undefined) servers.set(response, server)
    return response
  } as typeof fetch
}

/** The server's identity for a response of `agent.fetch`. */
export function serverOfFetched (response: object): PeerIdentity | undefined {
  return servers.get(response as Response)
}
