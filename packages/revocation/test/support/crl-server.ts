import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface CrlServer {
  readonly url: string
  readonly host: string
  /** What is served by path. */
  readonly files: Map<string, Uint8Array>
  readonly requests: IncomingMessage[]
  handler: ((request: IncomingMessage, response: ServerResponse) => void) | undefined
  close (): Promise<void>
}

/** Serves CRLs with entity tags. */
export async function startCrlServer (): Promise<CrlServer> {
  const server = createServer((request, response) => {
    served.requests.push(request)
    if (served.handler !== undefined) return served.handler(request, response)
    const file = served.files.get(request.url ?? '')
    if (file === undefined) return response.writeHead(404).end('x')
    const tag = `"${Buffer.from(file.subarray(-8)).toString('hex')}"`
    response.writeHead(
      request.headers['if-none-match'] === tag ? 304 : 200,
      { etag: tag, 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT' }
    )
    response.end(request.headers['if-none-match'] === tag ? undefined : file)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const served: CrlServer = {
    url: `http://${host}`,
    host,
    files: new Map(),
    requests: [],
    handler: undefined,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    }
  }
  return served
}
