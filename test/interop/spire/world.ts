// A SPIRE of a test: real servers and agents, in a folder that goes with the test.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:tls'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { CredentialSource } from '@peerkit/credentials'
import { startAgent, startServer } from '@peerkit/example-spire'
import type { ServerOptions, SpireAgent, SpireServer } from '@peerkit/example-spire'
import { spiffeCredentials } from '@peerkit/spiffe'
import type { SpiffeCredentialsOptions } from '@peerkit/spiffe'
import { requireTool } from '../require-tool.ts'

const tools = { server: requireTool('spire-server'), agent: requireTool('spire-agent') }

/** A SPIRE server with one agent. */
export interface Spire {
  readonly server: SpireServer
  readonly agent: SpireAgent
  /** Our credentials from this agent, for the SPIFFE ID with this path. Closed with the test. */
  credentials (path: string, more?: SpiffeCredentialsOptions): Promise<CredentialSource>
}

export interface SpireOptions extends Partial<Omit<ServerOptions, 'tool' | 'folder'>> {
  /** More lines of the block `agent`. */
  readonly agentSettings?: string
}

/** A folder with a short path, because that of a Unix socket may have 107 characters. Each user may enter it. */
export function makeFolder (test: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'peerkit-spire-'))
  chmodSync(folder, 0o711)
  test.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
  return folder
}

/** Starts a server and its agent. */
export async function startSpire (test: Test, options: SpireOptions = {}): Promise<Spire> {
  const { trustDomain = 'prod.example', agentSettings = '', ...more } = options
  stayAlive(test)
  const folder = makeFolder(test)
  const server = await startServer({ tool: tools.server, folder: join(folder, 'server'), trustDomain, ...more })
  test.teardown(async () => { await server.kill() })
  const agent = await startAgent({ tool: tools.agent, folder: join(folder, 'agent'), server, settings: agentSettings })
  test.teardown(async () => { await agent.kill() })
  return {
    server,
    agent,
    async credentials (path, more = {}) {
      const spiffeId = `spiffe://${trustDomain}${path}`
      const source = await spiffeCredentials({ socket: agent.address, spiffeId, retryFirst: 500, retryLongest: 2_000, waitFor: 60_000, ...more })
      test.teardown(async () => { await source.close() })
      return source
    }
  }
}

/** Keeps the process alive, which a source does not. */
function stayAlive (test: Test): void {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  test.teardown(() => { server.close() })
}
