import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from './free-port.ts'
import { startProgram } from './program.ts'
import type { Program } from './program.ts'

const run = promisify(execFile)

/** What a SPIRE server is started with. */
export interface ServerOptions {
  /** The path of `spire-server`. */
  readonly tool: string
  /** An empty folder for its files, which is made. */
  readonly folder: string
  readonly trustDomain: string
  /** The validity of X.509-SVIDs: `1m`. SPIRE puts their start ten seconds back. */
  readonly ttl?: string
  /** More lines of its block `server`. */
  readonly settings?: string
  /** Its plugins by type, each as its block. They replace those of {@link PLUGINS}. */
  readonly plugins?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
}

/** An entry: which process gets which SPIFFE ID. */
export interface EntryOptions {
  /** `unix:uid:0`. Default: this user. */
  readonly selector?: string
  /** The validity of its X.509-SVIDs in seconds. */
  readonly ttl?: number
  readonly hint?: string
  readonly federatesWith?: readonly string[]
  /** The entry is a SPIRE server below this one. */
  readonly downstream?: boolean
}

/** A SPIRE server that runs. */
export interface SpireServer {
  readonly trustDomain: string
  readonly port: number
  /** Runs a command of `spire-server`, and returns what it printed. */
  command (...args: readonly string[]): Promise<string>
  /** Registers the processes of a user of this host. Returns the number of the entry. */
  register (path: string, options?: EntryOptions): Promise<string>
  remove (entry: string): Promise<void>
  /** The bundle of its trust domain, as the document that federation exchanges. */
  bundleDocument (): Promise<string>
  /** Ends it without a word. */
  kill (): Promise<void>
  /** Starts it again after it was killed. */
  start (): Promise<void>
}

/** The name of the host of the agent, which is the parent of each entry. */
export function hostOf ({ trustDomain }: Pick<SpireServer, 'trustDomain'>): string { return `spiffe://${trustDomain}/host` }

/** Keeps everything in memory and in the folder, as a demonstration does. */
export const PLUGINS: (folder: string) => Readonly<Record<string, string>> = (folder) => ({
  DataStore: `DataStore "sql" {
    plugin_data { database_type = "sqlite3" connection_string = "${folder}/data.sqlite3" }
  }`,
  KeyManager: 'KeyManager "memory" { plugin_data {} }',
  NodeAttestor: 'NodeAttestor "join_token" { plugin_data {} }'
})

/** Starts a SPIRE server on a free port of 127.0.0.1. */
export async function startServer (options: ServerOptions): Promise<SpireServer> {
  const { tool, folder, trustDomain, ttl = '1m', settings = '', plugins = {}, env = {} } = options
  const [port, socket, config] = [await freePort(), join(folder, 'server.sock'), join(folder, 'server.conf')]
  await mkdir(folder, { recursive: true })
  writeFileSync(config, `
server {
  bind_address = "127.0.0.1"
  bind_port = ${port}
  socket_path = "${socket}"
  trust_domain = "${trustDomain}"
  data_dir = "${folder}"
  log_level = "INFO"
  ca_ttl = "24h"
  agent_ttl = "1h"
  default_x509_svid_ttl = "${ttl}"
  ${settings}
}
plugins {
  ${Object.values({ ...PLUGINS(folder), ...plugins }).join('\n  ')}
}
`)
  let program: Program | undefined
  async function start (): Promise<void> {
    program = await startProgram(tool, ['run', '-config', config], /Starting Server APIs/, {
      env: { ...process.env, ...env }
    })
  }
  await start()
  async function command (...args: readonly string[]): Promise<string> {
    const { stdout } = await run(tool, [...args, '-socketPath', socket])
    return stdout
  }
  return {
    trustDomain,
    port,
    command,
    async register (path, { selector, ttl: seconds, hint, federatesWith = [], downstream = false } = {}) {
      const output = await command(
        'entry', 'create', '-parentID', hostOf({ trustDomain }), '-spiffeID', `spiffe://${trustDomain}${path}`,
        '-selector', selector ?? `unix:uid:${process.getuid?.() ?? 0}`,
        ...(seconds === undefined ? [] : ['-x509SVIDTTL', String(seconds)]),
        ...(hint === undefined ? [] : ['-hint', hint]),
        ...federatesWith.flatMap((name) => ['-federatesWith', `spiffe://${name}`]),
        ...(downstream ? ['-downstream'] : [])
      )
      return /Entry ID\s*: (\S+)/.exec(output)?.[1] ?? ''
    },
    async remove (entry) { await command('entry', 'delete', '-entryID', entry) },
    async bundleDocument () { return await command('bundle', 'show', '-format', 'spiffe') },
    async kill () { await program?.kill() },
    start
  }
}
