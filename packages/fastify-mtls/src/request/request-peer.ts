import { isPeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import type { FastifyInstance } from 'fastify'
import type { InjectOptions, Response } from 'light-my-request'
import { recordOfRequest } from '../connection/connection-record.ts'
import { ServerOptionError } from '../errors.ts'

/**
 * Key of an identity that does not come from the connection: a forwarded client, or a test's `injectAs`. It is kept on
 * the raw request, since a WeakMap entry for each request costs more than reading the header. The symbol is not
 * registered, so no other code can set it.
 */
const ASSIGNED: unique symbol = Symbol('peerkit.peer')

interface Marked { [ASSIGNED]?: PeerIdentity | null }

export function assignPeer (raw: object & Marked, peer: PeerIdentity | null): void { raw[ASSIGNED] = peer }

/** The identity that was assigned to a raw request, or null. */
export function assignedPeer (raw: object & Marked): PeerIdentity | null { return raw[ASSIGNED] ?? null }

/** The identity of the client of a raw request, or null. */
export function peerOfRequest (raw: object & Marked): PeerIdentity | null {
  const given = raw[ASSIGNED]
  // Null counts as assigned: if a gateway forwards no certificate, the request has no identity.
  return given !== undefined ? given : recordOfRequest(raw)?.peer ?? null
}

/** The servers of apps with the plugin. */
const identified = new WeakSet()

/** The plugin was registered on an app with this server. */
export function markIdentified (server: object): void { identified.add(server) }

/**
 * `app.inject` with the identity of a peer, for your own tests. The identity is attached to the request object that is
 * made here. Nothing in a real request can set it, so no client can forge it.
 *
 * @param app a Fastify app with `@peerkit/fastify-mtls`
 * @param peer made by `parsePeerIdentity` or `createPartialIdentity`, or null for a client without a certificate
 * @param options as for `app.inject`: a URL or `{ method, url, headers, payload, … }`
 * @returns the response, as from `app.inject`
 * @throws ServerOptionError if `peer` is something else: a look-alike would pass tests that a real peer fails. Also if
 *   the app has no plugin, since every route would run without the peer
 * @example
 * ```ts
 * const app = Fastify(withMtls(credentials))
 * await app.register(fastifyMtls)
 * app.get('/', async ({ peer }) => `hello ${peer.commonName}`)
 * const { body } = await injectAs(app, peer, '/')
 * console.log(body) // hello alice
 * await app.close()
 * ```
 */
export async function injectAs (
  app: FastifyInstance<any, any, any, any, any>, peer: PeerIdentity | null, options: InjectOptions | string
): Promise<Response> {
  if (peer !== null && !isPeerIdentity(peer)) {
    throw new ServerOptionError(
      `injectAs: peer is ${typeof peer}; expected null, or a PeerIdentity of parsePeerIdentity or createPartialIdentity`
    )
  }
  await app.ready()
  if (!identified.has(app.server)) {
    throw new ServerOptionError(
      'injectAs: no plugin of this app identifies clients, so no route would see the peer; expected ' +
        'await app.register(fastifyMtls) before the routes'
    )
  }
  // Only tests need it.
  const { default: inject } = await import('light-my-request')
  return await inject((request, response) => {
    assignPeer(request, peer)
    app.routing(request as any, response as any)
  }, options)
}
