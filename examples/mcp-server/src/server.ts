import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { fileCredentials } from '@peerkit/credentials'
import fastifyAllowedClients from '@peerkit/fastify-allowed-clients'
import fastifyMtls, { withMtls } from '@peerkit/fastify-mtls'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { makeTools } from './tools.ts'

/** An MCP server: support agents and billing agents may reach it, and only billing agents may refund. */
export async function startServer (): Promise<FastifyInstance> {
  const credentials = await fileCredentials({ cert: 'tools.pem', key: 'tools.key', ca: 'root.pem' })
  const app = Fastify(withMtls(credentials, { logger: { level: 'warn' } }))
  await app.register(fastifyMtls, { closeCredentials: true })
  await app.register(fastifyAllowedClients, {
    groups: {
      support: { spiffe: 'spiffe://prod.example/agents/support' },
      billing: { spiffe: 'spiffe://prod.example/agents/billing' }
    }
  })

  await app.register(async (mcp) => {
    // Who may reach MCP at all. Others get 403 before their message is read.
    mcp.mtls.allow(['support', 'billing'])
    mcp.post('/mcp', async (request, reply) => {
      // One server for each request: it has the tools that this client may use, and no others.
      const server = makeTools(request.peer, request.peerGroups)
      const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true })
      reply.raw.on('close', () => { server.close().catch(request.log.error) })
      await server.connect(transport)
      reply.hijack()
      await transport.handleRequest(request.raw, reply.raw, request.body)
    })
    // The server keeps no sessions, and sends nothing on its own.
    mcp.get('/mcp', async (_request, reply) => await reply.code(405).header('allow', 'POST').send())
  })

  await app.listen({ host: 'localhost', port: Number(process.env['PORT'] ?? 0) })
  return app
}
