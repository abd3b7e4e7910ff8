import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { fileCredentials } from '@peerkit/credentials'
import { MtlsAgent } from '@peerkit/undici-mtls'

export interface ConnectedAgent { readonly client: Client, close (): Promise<void> }

/** An MCP client that presents its certificate, and calls no server but the one with the right identity. */
export async function connectAgent (name: string, origin: string): Promise<ConnectedAgent> {
  const credentials = await fileCredentials({ cert: `${name}.pem`, key: `${name}.key`, ca: 'root.pem' })
  const agent = new MtlsAgent({
    credentials, origins: { [origin]: { allowedServers: { spiffe: 'spiffe://prod.example/tools' } } }
  })
  const client = new Client({ name, version: '1.0.0' })
  const close = async (): Promise<void> => {
    await client.close()
    await Promise.all([agent.close(), credentials.close()])
  }
  try {
    await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', origin), { fetch: agent.fetch }))
    return { client, close }
  } catch (error) {
    await close()
    throw error
  }
}
