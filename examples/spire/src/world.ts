import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startAgent } from './spire/agent.ts'
import { findTool } from './spire/find-tool.ts'
import { startServer } from './spire/server.ts'
import type { SpireAgent } from './spire/agent.ts'
import type { SpireServer } from './spire/server.ts'

/** A trust domain: its server, and the agent of this host. */
export interface TrustDomain { readonly server: SpireServer, readonly agent: SpireAgent }

export type World = Awaited<ReturnType<typeof startWorld>>

/** Two trust domains that trust each other's certificates, and who gets which. */
export async function startWorld () {
  const tools = { server: findTool('spire-server'), agent: findTool('spire-agent') }
  const folder = await mkdtemp(join(tmpdir(), 'peerkit-spire-'))
  const running: TrustDomain[] = []
  async function close (): Promise<void> {
    await Promise.all(running.map(async ({ agent, server }) => { await agent.kill(); await server.kill() }))
    await rm(folder, { recursive: true, force: true })
  }
  async function start (trustDomain: string): Promise<TrustDomain> {
    const server = await startServer({
      tool: tools.server, folder: join(folder, trustDomain, 'server'), trustDomain, ttl: '1h'
    })
    const agent = await startAgent({ tool: tools.agent, folder: join(folder, trustDomain, 'agent'), server })
    running.push({ server, agent })
    return { server, agent }
  }
  /** Two companies exchange these documents once. After that, SPIRE can fetch them by itself: see the README. */
  async function introduce (from: TrustDomain, to: TrustDomain): Promise<void> {
    const path = join(folder, `${from.server.trustDomain}.json`)
    await writeFile(path, await from.server.bundleDocument())
    const id = `spiffe://${from.server.trustDomain}`
    await to.server.command('bundle', 'set', '-format', 'spiffe', '-id', id, '-path', path)
  }
  try {
    const [prod, partner] = [await start('prod.example'), await start('partner.example')]
    await introduce(prod, partner)
    await introduce(partner, prod)
    // SPIRE puts the start of a certificate ten seconds back: this one is renewed after about five seconds.
    await prod.server.register('/ledger', { federatesWith: ['partner.example'], ttl: 20 })
    await prod.server.register('/orders')
    await prod.server.register('/intern')
    await partner.server.register('/shop', { federatesWith: ['prod.example'] })
    return { prod, partner, close }
  } catch (error) {
    await close()
    throw error
  }
}
