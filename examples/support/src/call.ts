import { request } from 'node:https'
import type { IssuedCertificate } from '@peerkit/dev-ca'

export interface Call {
  /** The client's certificate. Without it, the call presents none. */
  readonly client?: Pick<IssuedCertificate, 'chain' | 'key'> | undefined
  /** What the server's certificate is verified with, as PEM. */
  readonly ca: string
  /** Sent as JSON, with POST. */
  readonly json?: unknown
}

/** One call by Node's own client on a new connection: the status and the body, or that the connection was closed. */
export async function call (url: string | URL, { client, ca, json }: Call): Promise<string> {
  const presented = client === undefined ? {} : { cert: client.chain, key: client.key }
  const post = json === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' } }
  return await new Promise((resolve) => {
    const fail = (error: NodeJS.ErrnoException): void => { resolve(`refused (${error.code ?? error.message})`) }
    const outgoing = request(url, { ...presented, ...post, ca, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => { body += chunk })
      response.on('end', () => { resolve(`${String(response.statusCode)} ${shorten(body)}`) })
      response.on('error', fail)
    })
    outgoing.on('error', fail)
    outgoing.end(json === undefined ? undefined : JSON.stringify(json))
  })
}

/** The code of an error says all that a client learns. */
function shorten (body: string): string { return /"code":"(MTLS_\w+)"/.exec(body)?.[1] ?? body }
