import { request } from 'node:https'

/** A certificate, and its key. */
export interface Presented { readonly chain: string, readonly key: string }

export interface Question { readonly port: number, readonly ca: string, readonly client?: Presented, readonly path?: string }

/** The status and the text of an answer; `refused` where the server ended the connection before any HTTP. */
export async function ask ({ port, ca, client, path = '/' }: Question): Promise<string> {
  const presented = client === undefined ? {} : { cert: client.chain, key: client.key }
  return await new Promise((resolve, reject) => {
    const call = request({ host: 'localhost', port, path, ca, agent: false, ...presented }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => { text += chunk })
      response.on('end', () => { resolve(`${response.statusCode ?? 0} ${text}`) })
    })
    call.on('error', (error: NodeJS.ErrnoException) => { if (error.code === 'ECONNRESET') resolve('refused'); else reject(error) })
    call.end()
  })
}
