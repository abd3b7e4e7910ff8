// One call of Node: node call.ts URL FOLDER https|fetch. Presents FOLDER/cert.pem if it is there, trusts FOLDER/ca.pem,
// and prints the status, or the error with its code and its causes.
import { existsSync, readFileSync } from 'node:fs'
import { request, type RequestOptions } from 'node:https'
import { join } from 'node:path'

const [, , url = '', folder = '', kind] = process.argv
const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
const own = existsSync(join(folder, 'cert.pem')) ? { cert: read('cert.pem'), key: read('key.pem') } : {}
const tls = { ...own, ca: read('ca.pem') }

async function callByHttps (options: RequestOptions): Promise<number> {
  return await new Promise((resolve, reject) => {
    request(url, options, (response) => { resolve(response.resume().statusCode ?? 0) }).on('error', reject).end()
  })
}

async function callByFetch (): Promise<number> {
  const { Agent } = await import('undici7')
  // @ts-expect-error: @types/node knows the Dispatcher of undici 6.
  return (await fetch(url, { dispatcher: new Agent({ connect: tls }) })).status
}

function describe (error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code, cause } = error as NodeJS.ErrnoException & { cause?: unknown }
  const shown = `${error.name}: ${error.message}${code === undefined ? '' : ` (${code})`}`
  return cause === undefined ? shown : `${shown}\n${describe(cause)}`
}

await (kind === 'fetch' ? callByFetch() : callByHttps({ ...tls, agent: false })).then(console.log, (error: unknown) => {
  console.log(describe(error))
})
