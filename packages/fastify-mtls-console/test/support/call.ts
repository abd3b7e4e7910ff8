import https from 'node:https'

/** One call over a connection of its own; resolves with the status, or with what became of the connection. */
export async function call (origin: string, ca: string, identity: { readonly chain: string, readonly key: string } | undefined, path: string, method = 'GET'): Promise<number | string> {
  return await new Promise((resolve) => {
    const pair = identity === undefined ? {} : { cert: identity.chain, key: identity.key }
    const request = https.request(origin + path, { method, ca, agent: false, ...pair }, (response) => {
      response.resume().on('end', () => { resolve(response.statusCode ?? 0) })
    })
    request.on('error', (error: NodeJS.ErrnoException) => { resolve(error.code ?? error.message) })
    request.end()
  })
}
