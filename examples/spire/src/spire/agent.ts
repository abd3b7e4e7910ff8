import { writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { startProgram } from './program.ts'
import type { Program } from './program.ts'
import { hostOf } from './server.ts'
import type { SpireServer } from './server.ts'

/** What a SPIRE agent is started with. */
export interface AgentOptions {
  /** The path of `spire-agent`. */
  readonly tool: string
  /** An empty folder for its files, which is made. */
  readonly folder: string
  readonly server: SpireServer
  /** More lines of its block `agent`. */
  readonly settings?: string
}

/** A SPIRE agent, which gives the processes of this host their certificates. */
export interface SpireAgent {
  /** Where its Workload API listens, as the option `socket` wants it. */
  readonly address: string
  /** The path of that socket. */
  readonly socket: string
  /** Starts it again after it was killed. */
  start (): Promise<void>
  /** Ends it without a word. */
  kill (): Promise<void>
  /** Sends it a signal, such as SIGSTOP. */
  signal (signal: NodeJS.Signals): void
}

/** Starts a SPIRE agent that asks its server each second what is new. */
export async function startAgent ({ tool, folder, server, settings = '' }: AgentOptions): Promise<SpireAgent> {
  const [socket, config, bundle] = ['agent.sock', 'agent.conf', 'bundle.pem'].map((name) => join(folder, name))
  await mkdir(folder, { recursive: true })
  let program: Program | undefined
  async function start (): Promise<void> {
    // The token proves to the server, once, that this is the host.
    const token = /Token: (\S+)/.exec(await server.command('token', 'generate', '-spiffeID', hostOf(server)))?.[1] ?? ''
    writeFileSync(bundle as string, await server.command('bundle', 'show'))
    writeFileSync(config as string, `
agent {
  data_dir = "${folder}"
  log_level = "INFO"
  server_address = "127.0.0.1"
  server_port = ${server.port}
  socket_path = "${socket}"
  trust_bundle_path = "${bundle}"
  trust_domain = "${server.trustDomain}"
  experimental { sync_interval = "1s" }
  ${settings}
}
plugins {
  KeyManager "memory" { plugin_data {} }
  NodeAttestor "join_token" { plugin_data {} }
  WorkloadAttestor "unix" { plugin_data {} }
}
`)
    const args = ['run', '-config', config as string, '-joinToken', token]
    program = await startProgram(tool, args, /Starting Workload and SDS APIs/)
  }
  await start()
  return {
    address: `unix:${socket}`,
    socket: socket as string,
    start,
    async kill () { await program?.kill() },
    signal (signal) { program?.signal(signal) }
  }
}
