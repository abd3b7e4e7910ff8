// A process of its own: whatever ends it ends no test. It is told its part by its first message, and answers each
// message with one.
import { verified } from './count-signatures.ts'
import { queryObjects } from 'node:v8'

interface Told {
  readonly role?: 'server' | 'agent'
  readonly material?: any
  readonly settings?: any
  readonly port?: number
  readonly contexts?: any
  readonly alive?: boolean
}

let call: ((port: number) => Promise<object>) | undefined

async function startServer ({ material, settings, contexts }: Told): Promise<object> {
  const { serve } = await import('./serve.ts')
  const secret = settings?.ticketSecret
  let refusal: unknown
  const { port } = await serve({ teardown () {} }, {
    material,
    settings: { ...settings, ...(secret !== undefined && { ticketSecret: Buffer.from(secret, 'hex') }) },
    setup (app) {
      try {
        for (const [method, ...given] of contexts ?? []) (app.server as any)[method](...given)
      } catch (error) {
        refusal = { code: (error as { code?: string }).code, message: (error as Error).message }
      }
    }
  })
  return { port, refusal }
}

async function startAgent ({ material }: Told): Promise<object> {
  const { memoryCredentials } = await import('@peerkit/credentials')
  const { MtlsAgent } = await import('@peerkit/undici-mtls')
  const agent = new MtlsAgent({ credentials: memoryCredentials(material) })
  call = async (port) => {
    try {
      const { statusCode, body } = await agent.request(
        { origin: `https://127.0.0.1:${port}`, path: '/', method: 'GET' }
      )
      await body.dump()
      return { status: statusCode }
    } catch (error) {
      return { code: (error as { code?: string }).code }
    }
  }
  return {}
}

async function answer (told: Told): Promise<object> {
  if (told.role === 'server') return await startServer(told)
  if (told.role === 'agent') return await startAgent(told)
  if (told.port !== undefined && call !== undefined) return await call(told.port)
  // Collects garbage first: what is counted is kept by somebody.
  return { verified, ...(told.alive === true && { octets: queryObjects(Uint8Array, { format: 'count' }) }) }
}

process.on('message', (told: Told) => {
  answer(told).then(
    (said) => { process.send?.(said) }, (error: unknown) => { process.send?.({ error: String(error) }) }
  )
})
process.on('disconnect', () => { process.exit() })
