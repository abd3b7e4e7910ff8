import { join } from 'node:path'
import { fileCredentials } from '@peerkit/credentials'
import { MtlsAgent } from '@peerkit/undici-mtls'
import type { Authorities } from './authorities.ts'

/** Calls Globex's API. The server must have a certificate for api.globex.example from `globex-api`. */
export async function callGlobex (folder: string, authorities: Authorities, origin: string): Promise<string> {
  const [cert, key] = [join(folder, 'ledger.pem'), join(folder, 'ledger.key')]
  const credentials = await fileCredentials({ cert, key, authorities })
  // `servername` is needed only in this example, because the API listens on 127.0.0.1.
  const agent = new MtlsAgent({ credentials, origins: { [origin]: { servername: 'api.globex.example' } } })
  try {
    return await (await agent.fetch(origin)).text()
  } finally {
    await Promise.all([agent.close(), credentials.close()])
  }
}
