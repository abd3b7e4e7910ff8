import { Agent, request as httpsRequest } from 'node:https'
import { request as httpRequest } from 'node:http'
import type { IssuedCertificate } from '@peerkit/dev-ca'

interface Call {
  readonly client?: Pick<IssuedCertificate, 'chain' | 'key'> | undefined
  readonly ca?: string
  readonly agent?: Agent
  readonly headers?: Record<string, string>
}

/** One call by Node's own client: the status and the body, or the code of the error. */
export async function call (url: string, { client, ca, agent, headers = {} }: Call): Promise<string> {
  const request = url.startsWith('https:') ? httpsRequest : httpRequest
  const tls = client === undefined ? {} : { cert: client.chain, key: client.key, ca }
  return await new Promise((resolve) => {
    const fail = (error: NodeJS.ErrnoException): void => { resolve(`refused (${String(error.code)})`) }
    const outgoing = request(url, { ...tls, headers, agent: agent ?? false }, (response) => {
      let body = ''
      response.on('data', (chunk) => { body += String(chunk) })
      response.on('end', () => {
        resolve(`${String(response.statusCode)} ${/"code":"(\w+)"/.exec(body)?.[1] ?? body}`)
      })
      response.on('error', fail)
    })
    outgoing.on('error', fail)
    outgoing.end()
  })
}

/** One connection that is kept, as clients hold it. */
export function keepConnection (): Agent {
  return new Agent({ keepAlive: true, maxSockets: 1 })
}
