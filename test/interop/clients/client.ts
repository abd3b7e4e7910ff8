// A client of Node: node client.ts KIND. Each line of stdin is "URL FOLDER CALLS". The answer is one line with a word
// for each call: its status, or its error.
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import type { AgentOptions } from 'node:https'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

interface Material { readonly cert: string, readonly key: string, readonly ca: string }
interface Caller { call (url: string): Promise<number>, close? (): Promise<void> }

const byHttps = (options: AgentOptions): Caller => {
  const agent = new Agent(options)
  return {
    call: async (url) => await new Promise((resolve, reject) => {
      request(url, { agent }, (response) => {
        response.resume()
        response.on('error', reject)
        response.on('end', () => { resolve(response.statusCode ?? 0) })
      }).on('error', reject).end()
    })
  }
}

const kinds: Readonly<Record<string, (material: Material) => Promise<Caller>>> = {
  https: async (material) => byHttps(material),
  'https-keepalive': async (material) => byHttps({ ...material, keepAlive: true }),
  axios: async (material) => {
    const { default: axios } = await import('axios')
    const client = axios.create({ httpsAgent: new Agent(material), validateStatus: () => true })
    return { call: async (url) => (await client.get(url)).status }
  },
  got: async ({ cert, key, ca }) => {
    const { default: got } = await import('got')
    // It tries again by itself; here without a pause.
    const client = got.extend({
      https: { certificate: cert, key, certificateAuthority: ca },
      retry: { backoffLimit: 0 },
      throwHttpErrors: false
    })
    return { call: async (url) => (await client(url)).statusCode }
  },
  undici: async (material) => {
    const { Agent: UndiciAgent } = await import('undici')
    const agent = new UndiciAgent({ connect: { ...material } })
    return {
      call: async (url) => {
        const { origin, pathname } = new URL(url)
        const { statusCode, body } = await agent.request({ origin, path: pathname, method: 'GET' })
        await body.dump()
        return statusCode
      },
      close: async () => { await agent.close() }
    }
  },
  // Node 22 and 24 take a dispatcher of undici 7 in their own fetch, and none of undici 8.
  fetch: async (material) => {
    const { Agent: UndiciAgent } = await import('undici7')
    const dispatcher = new UndiciAgent({ connect: { ...material } })
    return {
      call: async (url) => {
        // @ts-expect-error: @types/node knows the Dispatcher of undici 6.
        const response = await fetch(url, { dispatcher })
        await response.arrayBuffer()
        return response.status
      },
      close: async () => { await dispatcher.close() }
    }
  }
}

/** The innermost reason, without spaces. */
function wordOf (error: unknown): string {
  if (!(error instanceof Error)) return String(error).replaceAll(/\s+/g, '_')
  if (error.cause instanceof Error) return wordOf(error.cause)
  return ((error as NodeJS.ErrnoException).code ?? error.message).replaceAll(/\s+/g, '_')
}

const make = kinds[process.argv[2] ?? '']
if (make === undefined) throw new Error(`which client? ${Object.keys(kinds).join(', ')}`)
for await (const line of createInterface(process.stdin)) {
  const [url = '', folder = '', calls] = line.split(' ')
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
  const { call, close } = await make({ cert: read('cert.pem'), key: read('key.pem'), ca: read('ca.pem') })
  const words: string[] = []
  for (let left = Number(calls); left > 0; left--) words.push(await call(url).then(String, wordOf))
  await close?.()
  console.log(words.join(' '))
}
