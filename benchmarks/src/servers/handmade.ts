// What people write with Fastify and without Peerkit.
import Fastify from 'fastify'
import type { TLSSocket } from 'node:tls'
import type { Material } from '../world.ts'
import { NAME, tlsOptions } from './plain-tls.ts'
import { KEEP_ALIVE, serveApp } from './serving.ts'
import type { App, MakeServer } from './serving.ts'

function makeApp (protocol: string, material: Material): App {
  if (protocol === 'plain') return Fastify({ keepAliveTimeout: KEEP_ALIVE })
  return protocol === 'h2'
    ? Fastify({ http2: true, https: { ...tlsOptions(material), allowHTTP1: false } })
    : Fastify({ https: tlsOptions(material), keepAliveTimeout: KEEP_ALIVE })
}

/** The limit: TLS asks for a certificate, and the app ignores it. Counts the handshakes that resumed a session. */
export const serveBare: MakeServer = async (protocol, material) => {
  const app = makeApp(protocol, material)
  const count = { handshakes: 0, resumed: 0 }
  app.server.on('secureConnection', (socket: TLSSocket) => {
    count.handshakes += 1
    if (socket.isSessionReused()) count.resumed += 1
  })
  return await serveApp(app, {}, {
    takeHandshakes () {
      const taken = { ...count }
      count.handshakes = count.resumed = 0
      return taken
    }
  })
}

/** The usual hook: the certificate is asked for on every request. */
export const serveHandWritten: MakeServer = async (protocol, material) => {
  const app = makeApp(protocol, material)
  app.addHook('onRequest', async (request, reply) => {
    const socket = (protocol === 'h2' ? (request.raw as any).stream.session.socket : request.raw.socket) as TLSSocket
    if (socket.getPeerCertificate().subject?.CN !== NAME) await reply.code(403).send()
  })
  return await serveApp(app)
}
