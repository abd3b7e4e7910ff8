import { call } from '@peerkit/example-support/call'
import { makePki } from '@peerkit/example-support/pki'
import { play } from '@peerkit/example-support/play'
import { connectAgent } from './agent.ts'
import { startServer } from './server.ts'

await play(async ({ folder, title, expect, onEnd }) => {
  const { ca: { root: ca }, issue } = await makePki(folder)
  await issue('tools', { profile: 'server', spiffe: 'spiffe://prod.example/tools' })
  for (const name of ['support', 'billing', 'marketing']) {
    await issue(name, { profile: 'client', spiffe: `spiffe://prod.example/agents/${name}` })
  }
  process.chdir(folder)
  const app = await startServer()
  onEnd(async () => { await app.close() })
  const { origin } = new URL(app.listeningOrigin)

  for (const [name, tools] of [['support', 'find_order'], ['billing', 'find_order, refund']] as const) {
    title(`The agent "${name}"`)
    const { client, close } = await connectAgent(name, origin)
    const listed = await client.listTools()
    expect('its tools', listed.tools.map((tool) => tool.name).join(', '), tools)
    const tell = async (tool: string): Promise<string> => {
      const { content } = await client.callTool({ name: tool, arguments: { number: 'A-1' } })
      return (content as Array<{ text: string }>).map(({ text }) => text).join()
    }
    expect('find_order', await tell('find_order'), 'A-1: 40')
    const refunded = 'A-1 refunded by spiffe://prod.example/agents/billing'
    expect('refund', await tell('refund'), name === 'billing' ? refunded : /Tool refund not found/)
    await close()
  }

  title('The agent "marketing", which no rule allows: MCP does not see its request')
  const denied = await connectAgent('marketing', origin).then(() => 'connected', (error) => String(error))
  expect('connect', denied, /MTLS_ERR_CLIENT_NOT_ALLOWED/)
  expect('no certificate', await call(`${origin}/mcp`, { ca, json: { method: 'tools/list' } }), 'refused (ECONNRESET)')
  const curl = `curl --cacert ${folder}/root.pem --cert ${folder}/support.pem --key ${folder}/support.key`
  const message = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
  return [`${curl} -H 'accept: application/json, text/event-stream' ${origin}/mcp --json '${message}'`]
})
