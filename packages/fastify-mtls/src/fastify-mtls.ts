import type { CredentialSource } from '@peerkit/credentials'
import { MTLS_ERR_FORWARDED_REFUSED } from '@peerkit/forwarded'
import type { ForwardedReader } from '@peerkit/forwarded'
import type { PeerIdentity } from '@peerkit/identity'
import type { FastifyPluginAsync, FastifyRequest, onRequestHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { forwardedRefused } from './channels.ts'
import type { HandshakeRefusedMessage } from './channels.ts'
import { MTLS_ERR_PEER_MISSING, MTLS_ERR_SERVER_NOT_MTLS, MTLS_ERR_SERVER_OPTION } from './errors.ts'
import { checkCredentials, checkKeys } from './option-check.ts'
import { assignPeer, peerOfRequest } from './request-peer.ts'
import { contextOf } from './server-context.ts'

export interface FastifyMtlsOptions {
  /** The same source that the server was made with. */
  readonly credentials: CredentialSource
  /** Reads client certificates that a trusted gateway passes on. */
  readonly forwarded?: ForwardedReader
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Who sent this request. Throws MTLS_ERR_PEER_MISSING (401) where there is no identity. */
    readonly peer: PeerIdentity
    /** Who sent this request, or null. */
    readonly optionalPeer: PeerIdentity | null
  }
  interface FastifyContextConfig {
    /** `optional`: this route answers clients without a certificate too (health probes), on a server that lets them in. */
    clientCertificate?: 'required' | 'optional'
  }
}

const mtls: FastifyPluginAsync<FastifyMtlsOptions> = async (app, options) => {
  checkKeys(options, ['credentials', 'forwarded'], '@peerkit/fastify-mtls')
  checkCredentials(options.credentials, '@peerkit/fastify-mtls')
  const context = contextOf(app.server)
  if (context === undefined) throw new MTLS_ERR_SERVER_NOT_MTLS()
  if (context.options.credentials !== options.credentials) {
    throw new MTLS_ERR_SERVER_OPTION('the plugin got other credentials than mtlsServerOptions; expected the same source')
  }
  context.gate.onRefused = (message) => { app.log.warn(describeRefusal(message), 'mTLS handshake refused') }
  app.decorateRequest('optionalPeer', { getter (this: FastifyRequest) { return peerOfRequest(this.raw) } } as any)
  app.decorateRequest('peer', {
    getter (this: FastifyRequest) {
      const peer = peerOfRequest(this.raw)
      if (peer === null) throw new MTLS_ERR_PEER_MISSING()
      return peer
    }
  } as any)

  const { forwarded } = options
  const identify: onRequestHookHandler = (request, _reply, done) => {
    if (forwarded !== undefined && !readForwarded(forwarded, request)) done(new MTLS_ERR_FORWARDED_REFUSED())
    else if (request.optionalPeer === null && request.routeOptions.config.clientCertificate !== 'optional') done(new MTLS_ERR_PEER_MISSING())
    else done()
  }
  // Says which hook knows the peer, so that a guard can stand right behind it and before everyone else's.
  app.addHook('onRequest', Object.assign(identify, { [Symbol.for('peerkit.identifies')]: true }))
}

/** Takes the identity that a gateway passes on; false where a header must not be believed. */
function readForwarded (reader: ForwardedReader, request: FastifyRequest): boolean {
  const { raw } = request
  const result = reader.read({ rawHeaders: raw.rawHeaders, sender: request.optionalPeer ?? undefined, remoteAddress: raw.socket?.remoteAddress })
  if (result.state === 'accepted') assignPeer(raw, result.identity)
  if (result.state !== 'refused') return true
  const { reason, header } = result
  const peer = request.optionalPeer
  request.log.warn({ reason, header, peer: peer?.toString() }, 'forwarded client certificate refused')
  if (forwardedRefused.hasSubscribers) forwardedRefused.publish({ v: 1, time: Date.now(), reason, header, peer, remoteAddress: raw.socket?.remoteAddress })
  return false
}

/** The log line of a refused handshake: stable field names, no bytes. */
function describeRefusal ({ reason, code, peer, remoteAddress, remotePort, protocol, resumed }: HandshakeRefusedMessage): object {
  return { reason, code, peer: peer?.toString(), fingerprint256: peer?.fingerprint256, remoteAddress, remotePort, protocol, resumed }
}

/** Enforces mutual TLS on a server that `mtlsServerOptions` made, and decorates `request.peer`. */
const fastifyMtls: FastifyPluginAsync<FastifyMtlsOptions> = fp(mtls, { fastify: '5.x', name: '@peerkit/fastify-mtls' })
export default fastifyMtls
