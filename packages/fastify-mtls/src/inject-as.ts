import { isPeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import type { FastifyInstance } from 'fastify'
import inject from 'light-my-request'
import type { InjectOptions, Response } from 'light-my-request'
import { MTLS_ERR_SERVER_OPTION } from './errors.ts'
import { assignPeer } from './request-peer.ts'

/**
 * `app.inject` in the name of a peer, or of nobody (null): for tests of your own. The identity is tied to the one request object made here, by nothing that travels in a request, so no
 * client can reach it.
 *
 * @param peer of `parsePeerIdentity` or `createPartialIdentity`
 * @throws MTLS_ERR_SERVER_OPTION where `peer` is something else: a look-alike would pass tests that a real peer fails
 */
export async function injectAs (app: FastifyInstance<any, any, any, any, any>, peer: PeerIdentity | null, options: InjectOptions | string): Promise<Response> {
  if (peer !== null && !isPeerIdentity(peer)) throw new MTLS_ERR_SERVER_OPTION(`injectAs got a peer that is ${typeof peer}; expected what parsePeerIdentity gives, or null`)
  await app.ready()
  return await inject((request, response) => {
    assignPeer(request, peer)
    app.routing(request as any, response as any)
  }, options)
}
