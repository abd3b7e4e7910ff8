import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

export interface Prometheus {
  readonly url: string
  /** Asks until an alert fires, and returns its summary. */
  fired (alert: string): Promise<string>
  /** The alerts that wait or fire, once the service was measured. */
  alerts (): Promise<readonly Alert[]>
  close (): Promise<void>
}

export interface Alert {
  readonly labels: { readonly alertname: string }
  readonly annotations: { readonly summary: string }
  readonly state: string
}

/** For a machine that is busy. */
const GIVE_UP_MS = 300_000

/**
 * Starts Prometheus with the files of this example. It measures every second, and alerts do not wait: `for: 10m`
 * becomes `for: 2s`.
 */
export async function startPrometheus (folder: string, metricsPort: number): Promise<Prometheus> {
  const own = join(import.meta.dirname, '..')
  const config = await readFile(join(own, 'prometheus.yml'), 'utf8')
  const alerts = await readFile(join(own, 'alerts.yaml'), 'utf8')
  await writeFile(join(folder, 'prometheus.yml'), config.replaceAll('15s', '1s').replace('9464', String(metricsPort)))
  await writeFile(join(folder, 'alerts.yaml'), alerts.replace(/^( +)for: \w+$/gm, '$1for: 2s'))

  const address = `127.0.0.1:${await freePort()}`
  const files = [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`]
  const args = [...files, `--web.listen-address=${address}`]
  const child = spawn('prometheus', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  child.stderr.on('data', (chunk) => { log += String(chunk) })
  await once(child, 'spawn').catch(() => {
    throw new Error('prometheus is not installed. On Debian: apt-get install prometheus')
  })
  const url = `http://${address}`
  const ask = async <T>(path: string): Promise<T | undefined> => {
    if (child.exitCode !== null) throw new Error(`Prometheus has ended:\n${log}`)
    const response = await fetch(`${url}/api/v1/${path}`).catch(() => undefined)
    return response?.ok === true ? (await response.json() as { data: T }).data : undefined
  }
  const listAlerts = async (): Promise<readonly Alert[]> => (await ask<{ alerts: Alert[] }>('alerts'))?.alerts ?? []
  return {
    url,
    alerts: async () => {
      await until('Prometheus measures the service', async () => {
        const up = await ask<{ result: unknown[] }>('query?query=peerkit_ready')
        return up !== undefined && up.result.length > 0 ? 'up' : undefined
      })
      return await listAlerts()
    },
    fired: async (alert) => await until(`the alert ${alert}`, async () => {
      const firing = (await listAlerts()).find(({ labels, state }) => labels.alertname === alert && state === 'firing')
      return firing?.annotations.summary
    }),
    close: async () => {
      const ended = once(child, 'exit')
      if (child.exitCode === null && child.kill()) await ended
    }
  }
}

async function until (what: string, look: () => Promise<string | undefined>): Promise<string> {
  const started = Date.now()
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() - started > GIVE_UP_MS) throw new Error(`waited for ${GIVE_UP_MS / 60_000} minutes: ${what}`)
    await setTimeout(500)
  }
}

export async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
