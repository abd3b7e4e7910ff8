import { request } from 'node:https'
import type { IssuedCertificate } from '@peerkit/dev-ca'
import type { Accounts } from './accounts.ts'
import type { Cast } from './mint.ts'

type Call = readonly [caller: IssuedCertificate | undefined, method: string, path: string]

/** Makes calls of all kinds: allowed, denied, reported, and refused in the handshake. */
export async function callAround (cast: Cast, { origin }: Accounts): Promise<void> {
  const { operator, billing, reports, partner, legacy, contractor, stranger } = cast
  const calls: readonly Call[] = [
    [billing, 'GET', '/accounts'], [billing, 'GET', '/accounts/7'], [billing, 'POST', '/entries'],
    [billing, 'DELETE', '/accounts/7'],
    [legacy, 'GET', '/accounts'], [legacy, 'PUT', '/admin/limits'],
    [partner, 'GET', '/accounts'], [partner, 'GET', '/accounts/7'], [partner, 'GET', '/accounts/8'],
    [reports, 'GET', '/reports'], [reports, 'GET', '/accounts'], [billing, 'GET', '/reports'],
    [operator, 'DELETE', '/accounts/9'], [operator, 'PUT', '/admin/limits'], [operator, 'GET', '/forgotten'],
    [contractor, 'GET', '/accounts'], [stranger, 'GET', '/accounts'], [undefined, 'GET', '/accounts']
  ]
  for (const call of calls) await callOnce(cast, origin, call)
}

/** Makes one call. Resolves with the status, or with the error code of the connection. */
export async function callOnce ({ ca }: Cast, origin: string, [caller, method, path]: Call): Promise<string> {
  return await new Promise((resolve) => {
    const identity = caller === undefined ? {} : { cert: caller.chain, key: caller.key }
    const call = request(origin + path, { method, ca: ca.root, agent: false, ...identity }, (response) => {
      response.resume().on('end', () => { resolve(String(response.statusCode)) })
    })
    call.on('error', (error: NodeJS.ErrnoException) => { resolve(error.code ?? error.message) })
    call.end()
  })
}
