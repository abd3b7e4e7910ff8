import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { findEnvoy } from './find-tool.ts'
import type { World } from '@peerkit/example-support/gateway-world'

/** Starts Envoy in front of the app, with the configuration of the guide. */
export async function startEnvoy ({ folder, certs }: World, app: string) {
  const port = await freePort()
  const [host, appPort] = app.split(':')
  const values: Readonly<Record<string, string>> = {
    PORT: String(port), CERTS: certs, APP: `socket_address: { address: ${host}, port_value: ${appPort} }`
  }
  const guide = readFileSync(join(import.meta.dirname, '../../../docs/gateways/envoy.yaml'), 'utf8')
  const config = join(folder, 'envoy.yaml')
  writeFileSync(config, guide.replace(/\$\{([A-Z]+)\}/g, (whole, name: string) => values[name] ?? whole))
  // Two Envoys of one machine need different numbers.
  const args = ['-c', config, '--log-level', 'warning', '--concurrency', '1', '--base-id', String(process.pid % 30_000)]
  const child = spawn(findEnvoy(), args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let output = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { output += text })
  const ended = once(child, 'close')
  while (child.exitCode === null && !await listens(port)) await wait(20)
  if (child.exitCode !== null) throw new Error(`envoy ended with ${child.exitCode}:\n${output}`)
  return {
    address: `127.0.0.1:${port}`,
    close: async () => {
      child.kill('SIGTERM')
      await ended
    }
  }
}

async function listens (port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  const { promise, resolve } = Promise.withResolvers<boolean>()
  socket.once('connect', () => { resolve(true) }).once('error', () => { resolve(false) })
  return await promise.finally(() => { socket.destroy() })
}

/** A port of this machine that nobody listens on. Envoy could choose one, and would not say which. */
async function freePort (): Promise<number> {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  taken.close()
  await once(taken, 'close')
  return port
}
