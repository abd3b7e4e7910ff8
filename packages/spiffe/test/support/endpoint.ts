import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'

interface Test { after (task: () => unknown): unknown }

/** The certificate and key of an endpoint. */
interface Presented { readonly chain: string, readonly key: string }

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** A bundle endpoint for tests, which can be told to do what none should. */
export interface Endpoint {
  readonly url: string
  readonly requests: IncomingMessage[]
  /** A document, or a function that answers. */
  serve (answer: string | Answer): void
  /** The certificate from now on. */
  present (certificate: Presented): void
  stop (): Promise<void>
  start (): Promise<void>
}

export async function startEndpoint (t: Test, certificate: Presented, first: string | Answer = ''): Promise<Endpoint> {
  const requests: IncomingMessage[] = []
  const sockets = new Set<Socket>()
  let answer = first
  let presented = certificate
  let port = 0
  let server = make()

  function make (): Server {
    return createServer({ cert: presented.chain, key: presented.key }, (request, response) => {
      requests.push(request)
      if (typeof answer === 'function') answer(request, response)
      else response.writeHead(200, { 'content-type': 'application/json' }).end(answer)
    }).on('connection', (socket: Socket) => {
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => { sockets.delete(socket) })
    }).on('tlsClientError', () => {})
  }
  async function start (): Promise<void> {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  }
  async function stop (): Promise<void> {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
    server = make()
  }
  await start()
  t.after(stop)
  return {
    get url () { return `https://127.0.0.1:${port}/bundle.json` },
    requests,
    serve (next) { answer = next },
    present (next) {
      presented = next
      server.setSecureContext({ cert: next.chain, key: next.key })
    },
    start,
    stop
  }
}
