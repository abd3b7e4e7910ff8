import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { freePort } from '../free-port.ts'

const run = promisify(execFile)

/** A SPIRE server and an agent. */
export interface Spire {
  /** The option `socket`. */
  readonly address: string
  readonly trustDomain: string
  /** Runs a command of the server. */
  command (...args: readonly string[]): Promise<string>
  /** Registers this user as a workload. Returns the number of the entry. */
  register (path: string, ...more: readonly string[]): Promise<string>
  startAgent (): Promise<void>
  /** Kills the agent without a word. */
  killAgent (): Promise<void>
}

/** Starts both in a folder of the test. */
export async function startSpire (test: Test, tools: { server: string, agent: string }, trustDomain: string): Promise<Spire> {
  const folder = test.testdir({})
  const serverSocket = join(folder, 'server.sock')
  const agentSocket = join(folder, 'agent.sock')
  const port = await freePort()
  mkdirSync(join(folder, 'agent'))
  writeFileSync(join(folder, 'server.conf'), `
server {
  bind_address = "127.0.0.1"
  bind_port = ${port}
  socket_path = "${serverSocket}"
  trust_domain = "${trustDomain}"
  data_dir = "${folder}"
  log_level = "INFO"
  ca_ttl = "1h"
  default_x509_svid_ttl = "1m"
}
plugins {
  DataStore "sql" { plugin_data { database_type = "sqlite3" connection_string = "${folder}/data.sqlite3" } }
  KeyManager "memory" { plugin_data {} }
  NodeAttestor "join_token" { plugin_data {} }
}`)
  const children = new Set<ChildProcess>()
  test.teardown(async () => {
    await Promise.all([...children].map(kill))
  })
  async function launch (tool: string, args: readonly string[], ready: RegExp): Promise<ChildProcess> {
    const child = spawn(tool, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    children.add(child)
    const lines: string[] = []
    const started = new Promise<void>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream }).on('line', (line) => {
          lines.push(line)
          if (ready.test(line)) resolve()
        })
      }
      child.on('exit', () => {
        children.delete(child)
        reject(new Error(`${tool} ended: ${lines.slice(-5).join('\n')}`))
      })
    })
    await started
    return child
  }
  async function kill (child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  async function command (...args: readonly string[]): Promise<string> {
    const { stdout } = await run(tools.server, [...args, '-socketPath', serverSocket])
    return stdout
  }
  await launch(tools.server, ['run', '-config', join(folder, 'server.conf')], /Starting Server APIs/)
  const host = `spiffe://${trustDomain}/host`
  let agent: ChildProcess | undefined
  async function startAgent (): Promise<void> {
    const token = /Token: (\S+)/.exec(await command('token', 'generate', '-spiffeID', host))?.[1] ?? ''
    writeFileSync(join(folder, 'bundle.pem'), await command('bundle', 'show'))
    writeFileSync(join(folder, 'agent.conf'), `
agent {
  data_dir = "${folder}/agent"
  log_level = "INFO"
  server_address = "127.0.0.1"
  server_port = ${port}
  socket_path = "${agentSocket}"
  trust_bundle_path = "${folder}/bundle.pem"
  trust_domain = "${trustDomain}"
}
plugins {
  KeyManager "memory" { plugin_data {} }
  NodeAttestor "join_token" { plugin_data {} }
  WorkloadAttestor "unix" { plugin_data {} }
}`)
    agent = await launch(tools.agent, ['run', '-config', join(folder, 'agent.conf'), '-joinToken', token], /Starting Workload and SDS APIs/)
  }
  await startAgent()
  return {
    address: `unix:${agentSocket}`,
    trustDomain,
    command,
    async register (path, ...more) {
      const selector = `unix:uid:${process.getuid?.() ?? 0}`
      const output = await command('entry', 'create', '-parentID', host, '-spiffeID', `spiffe://${trustDomain}${path}`, '-selector', selector, ...more)
      return /Entry ID\s*: (\S+)/.exec(output)?.[1] ?? ''
    },
    startAgent,
    async killAgent () {
      if (agent !== undefined) await kill(agent)
    }
  }
}
