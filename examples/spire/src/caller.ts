import { spiffeCredentials } from '@peerkit/spiffe'
import { MtlsAgent } from '@peerkit/undici-mtls'

/** A service that calls the ledger, with its own certificate from its own agent. */
export async function startCaller (socket: string, spiffeId: string, expected = 'spiffe://prod.example/ledger') {
  const credentials = await spiffeCredentials({ socket, spiffeId })
  // One connection, which stays open between calls: what becomes of it is shown.
  const agent = new MtlsAgent({ credentials, allowedServers: { spiffe: expected }, connections: 1 })
  return {
    credentials,
    /** One call: the status and the answer, or the code of the error. */
    async call (origin: string, method: 'GET' | 'POST' = 'GET'): Promise<string> {
      try {
        const { statusCode, body } = await agent.request({ origin, path: '/entries', method })
        const text = await body.text()
        return `${statusCode} ${/"code":"(\w+)"/.exec(text)?.[1] ?? text}`
      } catch (error) {
        return String((error as { code?: string }).code)
      }
    },
    async close (): Promise<void> {
      await agent.close()
      await credentials.close()
    }
  }
}
