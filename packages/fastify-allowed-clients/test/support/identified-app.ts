import type { PeerIdentity } from '@peerkit/identity'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

const current = new WeakMap<object, PeerIdentity | null>()

/** A stand-in for fastify-mtls: finds out in its hook, as for a forwarded certificate, who the peer is. */
export function identifier (marked: boolean, people: Readonly<Record<string, PeerIdentity>>): FastifyPluginAsync {
  const hook = async (request: FastifyRequest): Promise<void> => { current.set(request.raw, people[String(request.headers['x-test-peer'])] ?? null) }
  if (marked) Object.assign(hook, { [Symbol.for('peerkit.identifies')]: true })
  return fp(async (app) => {
    const getter = function (this: FastifyRequest): PeerIdentity | null { return current.get(this.raw) ?? null }
    app.decorateRequest('peer', { getter } as never)
    app.decorateRequest('optionalPeer', { getter } as never)
    app.addHook('onRequest', hook)
  })
}

export function bareApp (): FastifyInstance { return Fastify() }
