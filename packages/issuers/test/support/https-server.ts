import { createServer } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { createDevCa } from '@peerkit/dev-ca'

/** A request to a stand-in, with what came with it. */
export interface Received {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: any
  /** The certificate that the caller presented, DER. Not verified. */
  readonly presented: Buffer | undefined
}

/** What it answers: an object is JSON. `drop` breaks the connection. */
export interface Reply { readonly status?: number, readonly headers?: Record<string, string>, readonly body?: unknown, readonly drop?: boolean }

export interface StandIn {
  readonly url: string
  /** The root of the certificate of the server, PEM. */
  readonly root: string
  readonly received: readonly Received[]
  close (): Promise<void>
}

/** A server over HTTPS, of localhost and 127.0.0.1, that asks for a certificate. */
export async function startStandIn (answer: (received: Received) => Reply | Promise<Reply>, { names = {} }: { names?: { dns?: string[], ip?: string[] } } = {}): Promise<StandIn> {
  const ca = await createDevCa()
  const { chain, key } = await ca.issue({ cn: 'stand-in', dns: ['localhost'], ip: ['127.0.0.1'], ...names })
  const received: Received[] = []
  const server = createServer({ cert: chain, key, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString()
      const one: Received = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: text === '' ? undefined : JSON.parse(text),
        presented: (request.socket as TLSSocket).getPeerX509Certificate()?.raw
      }
      received.push(one)
      Promise.resolve(answer(one)).then((reply) => { send(request, response, reply) }, (error) => { response.writeHead(500).end(String(error)) })
    })
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    root: ca.root,
    received,
    async close () {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}

function send (request: IncomingMessage, response: ServerResponse, { status = 200, headers = {}, body = '', drop = false }: Reply): void {
  if (drop) request.socket.destroy()
  else response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body))
}
