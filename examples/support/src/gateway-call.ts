import { request } from 'node:https'
import type { IssuedCertificate } from '@peerkit/dev-ca'

export interface Call {
  readonly address: string
  readonly path?: string
  readonly ca: string
  readonly as?: IssuedCertificate | undefined
  readonly headers?: Readonly<Record<string, string>>
}

/** Status and text of the answer: `200 Berta via gateway`. `closed` where the connection ended without one. */
export async function call ({ address, path = '/invoices', ca, as, headers = {} }: Call): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const own = as === undefined ? {} : { cert: as.chain, key: as.key }
  const options = { ca, servername: 'localhost', agent: false, headers, ...own }
  const asked = request(`https://${address}${path}`, options, (response) => {
    let text = ''
    response.setEncoding('utf8')
    response.on('data', (part: string) => { text += part })
    response.on('error', () => { resolve('closed') })
    response.on('end', () => {
      const code = /"code":"(\w+)"/.exec(text)?.[1]
      resolve(`${response.statusCode} ${code ?? (text.startsWith('<') ? 'an error page' : text)}`)
    })
  })
  asked.on('error', () => { resolve('closed') })
  asked.end()
  return await promise
}
