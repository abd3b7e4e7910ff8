import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import type { PeerIdentity } from '@peerkit/identity'
import { z } from 'zod'

const ORDERS = new Map([['A-1', 40], ['A-2', 7]])
const order = { number: z.string().describe('The number of the order, such as A-1') }

/** The tools of one client. A tool that is not here is neither listed nor called. */
export function makeTools (peer: PeerIdentity, groups: readonly string[]): McpServer {
  const server = new McpServer({ name: 'orders', version: '1.0.0' })
  server.registerTool('find_order', { description: 'The amount of an order', inputSchema: order }, ({ number }) => {
    return say(`${number}: ${ORDERS.get(number) ?? 'unknown'}`)
  })
  if (groups.includes('billing')) {
    server.registerTool('refund', { description: 'Pays an order back', inputSchema: order }, ({ number }) => {
      return say(`${number} refunded by ${peer.spiffeId ?? 'unknown'}`)
    })
  }
  return server
}

function say (text: string): { content: Array<{ type: 'text', text: string }> } {
  return { content: [{ type: 'text', text }] }
}
