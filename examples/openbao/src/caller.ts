import { renewingCredentials } from '@peerkit/credentials'
import { vaultIssuer } from '@peerkit/issuers/vault'
import { MtlsAgent } from '@peerkit/undici-mtls'
import type { LedgerOptions } from './ledger.ts'

/** A service that calls the ledger, with a certificate of its own. */
export async function startCaller ({ url, ca, appRole }: LedgerOptions, name: string) {
  const issuer = vaultIssuer({
    url,
    ca,
    auth: { appRole },
    mount: 'pki_int',
    role: 'callers',
    names: { cn: `${name}.example`, uri: [`spiffe://prod.example/${name}`] }
  })
  const credentials = await renewingCredentials(issuer)
  // One connection, which stays open between calls: what becomes of it is shown.
  const agent = new MtlsAgent({ credentials, allowedServers: { spiffe: 'spiffe://prod.example/ledger' }, connections: 1 })
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
      await issuer.close()
    }
  }
}
