import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { launch } from '../launch.ts'
import type { Launched } from '../launch.ts'
import { SERVER_CORE, pinCommand, readCpuSeconds } from '../processor.ts'
import type { Material } from '../world.ts'
import type { Gateway, GatewayFiles } from './gateways.ts'

const ATTEMPTS = 100

/** Starts a gateway and the plain Fastify behind it. Their CPU time is counted together. */
export async function launchGateway (gateway: Gateway, program: string, material: Material): Promise<Launched> {
  const app = await launch('bare', 'plain', material)
  const folder = await mkdtemp(join(tmpdir(), 'gateway-'))
  const files = await writeFiles(folder, material)
  const port = await findPort()
  await writeFile(files.config, gateway.config(files, port, app.port))
  const [command = '', ...args] = pinCommand(SERVER_CORE, [program, ...gateway.args(files, port, app.port)])
  // Go's runtime starts a thread for each core unless told otherwise.
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, GOMAXPROCS: '1' } })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { said = `${said}${text}`.slice(-4_000) })
  const ended = once(child, 'exit')
  const killNow = (): void => { child.kill() }
  process.once('exit', killNow)
  try {
    await waitForPort(port, ended)
  } catch (error) {
    await app.stop()
    throw new Error(`${gateway.name}: ${said}`, { cause: error })
  }
  return {
    port,
    async cpuSeconds () {
      const own = readCpuSeconds([child.pid ?? 0])
      const behind = await app.cpuSeconds()
      return own === undefined || behind === undefined ? undefined : own + behind
    },
    ask: app.ask,
    async stop () {
      process.off('exit', killNow)
      child.kill()
      await ended
      await app.stop()
      await rm(folder, { recursive: true, force: true })
    }
  }
}

async function writeFiles (folder: string, { ca, server }: Material): Promise<GatewayFiles> {
  const at = (name: string): string => join(folder, name)
  const files = {
    server: at('server.pem'),
    key: at('server.key'),
    both: at('both.pem'),
    ca: at('ca.pem'),
    // Envoy recognizes the language of a configuration by the file's extension. JSON is YAML, and the others ignore it.
    config: at('gateway.yaml'),
    folder
  }
  await writeFile(files.server, server.cert)
  await writeFile(files.key, server.key, { mode: 0o600 })
  await writeFile(files.both, `${server.cert}\n${server.key}`, { mode: 0o600 })
  await writeFile(files.ca, ca)
  return files
}

async function findPort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function waitForPort (port: number, ended: Promise<unknown>): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const reached = await Promise.race([tryPort(port), ended.then(() => { throw new Error('it ended at once') })])
    if (reached) return
    await new Promise((resolve) => { setTimeout(resolve, 100) })
  }
  throw new Error(`nobody listens on port ${port}`)
}

async function tryPort (port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    }).on('error', () => { resolve(false) })
  })
}
