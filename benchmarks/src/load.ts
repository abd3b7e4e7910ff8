// The load generator: keeps CONNECTIONS busy for a stated time and counts the answers.
import http2 from 'node:http2'
import { once } from 'node:events'
import autocannon from 'autocannon'
import type { Material } from './world.ts'

const CONNECTIONS = 10
const STREAMS = 10

/** Requests a second over HTTP/1.1 keep-alive. */
export async function loadHttp1 (port: number, { ca, client }: Material, seconds: number): Promise<number> {
  const result = await autocannon({ url: `https://localhost:${port}/`, connections: CONNECTIONS, duration: seconds, tlsOptions: { ca, ...client } as any })
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`${result.non2xx} answers were no 2xx, ${result.errors} failed`)
  return result.requests.total / result.duration
}

/** Requests a second over HTTP/2: each connection keeps STREAMS requests in flight. */
export async function loadHttp2 (port: number, { ca, client }: Material, seconds: number): Promise<number> {
  let answered = 0
  const started = performance.now()
  const isOver = (): boolean => performance.now() - started >= seconds * 1000
  await Promise.all(Array.from({ length: CONNECTIONS / 2 }, async () => {
    const session = http2.connect(`https://localhost:${port}`, { ca, ...client })
    await once(session, 'connect')
    await Promise.all(Array.from({ length: STREAMS }, async () => {
      while (!isOver()) {
        const stream = session.request({ ':path': '/' })
        stream.resume()
        const [headers] = await once(stream, 'response')
        if (headers[':status'] !== 200) throw new Error(`status ${String(headers[':status'])}`)
        await once(stream, 'end')
        answered += 1
      }
    }))
    session.destroy()
  }))
  return answered / ((performance.now() - started) / 1000)
}
