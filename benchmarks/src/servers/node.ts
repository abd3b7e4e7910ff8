import type { IncomingMessage, ServerResponse } from 'node:http'
import { createSecureServer } from 'node:http2'
import { createServer } from 'node:https'
import type { Server } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { NAME, listen, tlsOptions } from './plain-tls.ts'
import { ANSWER } from './serving.ts'
import type { MakeServer } from './serving.ts'

/**
 * No framework and no check of the certificate: Node refuses clients without a certificate of the CA, and no others.
 */
export const serveBareNode: MakeServer = async (_protocol, material) => {
  return await listen(createServer(tlsOptions(material), (_request, response) => { response.end('x') }))
}

/** No framework at all. */
export const serveNode: MakeServer = async (protocol, material) => {
  const body = JSON.stringify(ANSWER)
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const socket = ((request as any).stream?.session?.socket ?? request.socket) as TLSSocket
    response.statusCode = socket.getPeerCertificate().subject?.CN === NAME ? 200 : 403
    response.setHeader('content-type', 'application/json; charset=utf-8')
    response.setHeader('content-length', Buffer.byteLength(body))
    response.end(body)
  }
  return await listen(protocol === 'h2'
    ? createSecureServer(tlsOptions(material), answer as any) as unknown as Server
    : createServer(tlsOptions(material), answer))
}
