import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDevCa } from '@peerkit/dev-ca'
import { Agent, request } from 'undici'
import { findTool } from './find-tool.ts'
import { freePort, startProgram, withFreePorts } from './program.ts'

/** How Pebble is started. */
export interface PebbleOptions {
  /** The port where it looks for http-01, in place of 80. */
  readonly httpPort?: number
  /** The DNS server that it asks: `127.0.0.1:8053`. Default: that of the machine. */
  readonly dns?: string
  /** By name, the seconds that a certificate is valid. Default: `default`, a day. */
  readonly profiles?: Readonly<Record<string, number>>
  /** Shared secrets of external account binding, by their key identifiers. Default: none is needed. */
  readonly macs?: Readonly<Record<string, string>>
  /** Seconds that it asks clients to wait between two looks at an order. Default: it does not say. */
  readonly retryAfter?: number
  /** Environment variables, such as `PEBBLE_WFE_NONCEREJECT`. */
  readonly env?: Readonly<Record<string, string>>
}

/** A Pebble that runs. */
export interface Pebble {
  /** The URL of its directory. */
  readonly directory: string
  /** The CA of its own HTTPS certificate, PEM. */
  readonly ca: string
  /** The root of the certificates that it issues, PEM. It changes with each start. */
  readonly root: string
  /** Sets the renewal information of a certificate (PEM): text that is sent as it is. */
  setRenewalInfo (certificate: string, text: string): Promise<void>
  output (): string
  close (): Promise<void>
}

/** Starts Pebble, which keeps everything in memory. */
export async function startPebble (options: PebbleOptions = {}): Promise<Pebble> {
  const tool = findTool('pebble')
  const httpPort = options.httpPort ?? await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'pebble-'))
  try {
    return await withFreePorts(async () => await tryPebble(tool, folder, { ...options, httpPort }))
  } catch (error) {
    await rm(folder, { recursive: true })
    throw error
  }
}

async function tryPebble (tool: string, folder: string, options: PebbleOptions): Promise<Pebble> {
  const { dns, env = {} } = options
  const https = await createDevCa({ name: 'Pebble' })
  const { chain, key } = await https.issue({ profile: 'server', dns: 'localhost', ip: '127.0.0.1' })
  const [port, management, tlsPort] = [await freePort(), await freePort(), await freePort()]
  const path = (name: string): string => join(folder, name)
  await writeFile(path('cert.pem'), chain)
  await writeFile(path('key.pem'), key, { mode: 0o600 })
  const files = { certificate: path('cert.pem'), privateKey: path('key.pem') }
  await writeFile(path('pebble.json'), JSON.stringify({
    pebble: {
      listenAddress: `127.0.0.1:${port}`,
      managementListenAddress: `127.0.0.1:${management}`,
      tlsPort,
      ...files,
      ...settingsOf(options)
    }
  }))
  const dispatcher = new Agent({ connect: { ca: https.root } })
  const call = async (url: string, body?: string): Promise<string> => {
    const method = body === undefined ? 'GET' : 'POST'
    // Pebble answers nobody without a name.
    const answer = await request(url, { method, body: body ?? null, headers: { 'user-agent': 'example' }, dispatcher })
    const text = await answer.body.text()
    if (answer.statusCode !== 200) throw new Error(`${url} answered ${answer.statusCode}: ${text}`)
    return text
  }
  const at = (where: string): string => `https://127.0.0.1:${management}/${where}`
  const directory = `https://127.0.0.1:${port}/dir`
  const answers = async (): Promise<boolean> => {
    await Promise.all([call(directory), call(at('roots/0'))])
    return true
  }
  const args = ['-config', path('pebble.json'), ...(dns === undefined ? [] : ['-dnsserver', dns])]
  const variables = { PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '0', ...env }
  const program = await startProgram(tool, args, answers, variables)
  return {
    directory,
    ca: https.root,
    root: await call(at('roots/0')),
    async setRenewalInfo (certificate, text) {
      await call(at('set-renewal-info/'), JSON.stringify({ Certificate: certificate, ARIResponse: text }))
    },
    output: program.output,
    async close () {
      await program.kill()
      await dispatcher.destroy()
      await rm(folder, { recursive: true })
    }
  }
}

/** The settings that the options choose. */
function settingsOf ({ httpPort, profiles = { default: 86_400 }, macs, retryAfter = 0 }: PebbleOptions): object {
  return {
    httpPort,
    externalAccountBindingRequired: macs !== undefined,
    externalAccountMACKeys: macs ?? {},
    retryAfter: { authz: retryAfter, order: retryAfter },
    keyAlgorithm: 'ecdsa',
    profiles: Object.fromEntries(Object.entries(profiles).map(([name, validityPeriod]) => {
      return [name, { description: name, validityPeriod }]
    }))
  }
}
