import { memoryCredentials } from '@peerkit/credentials'
import type { DevCa } from '@peerkit/dev-ca'
import { MtlsAgent } from '@peerkit/undici-mtls'

/** A client of the ledger. Its certificate comes from the CA of the clients, and it trusts the ACME server's root. */
export async function startCaller (clients: DevCa, cn: string, root: string) {
  const { chain: cert, key } = await clients.issue({ profile: 'client', cn })
  const credentials = memoryCredentials({ cert, key, ca: root, chain: 'unchecked' })
  const agent = new MtlsAgent({ credentials, allowedServers: { dns: 'localhost' } })
  return {
    /** One call: the status and the answer, or the code of the error. */
    async call (origin: string): Promise<string> {
      try {
        const { statusCode, body } = await agent.request({ origin, path: '/entries', method: 'GET' })
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
