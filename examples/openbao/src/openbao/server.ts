import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createDevCa } from '@peerkit/dev-ca'
import { freePort, startProgram } from '@peerkit/example-spire'
import type { Program } from '@peerkit/example-spire'
import { Agent, request } from 'undici'

const run = promisify(execFile)

/** What an OpenBao is started with. */
export interface OpenBaoOptions {
  /** The path of `bao`. */
  readonly tool: string
  /** An empty folder for its files, which is made. */
  readonly folder: string
}

/** A call of its API. */
export interface OpenBaoCall {
  /** Default: the root token. `''` for none. */
  readonly token?: string
  readonly namespace?: string
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** More headers, such as `x-vault-wrap-ttl`. */
  readonly headers?: Readonly<Record<string, string>>
}

/** An OpenBao that runs, with TLS and one unseal key. */
export interface OpenBao {
  readonly url: string
  /** The CA of its certificate, PEM. */
  readonly ca: string
  /** The same as a file. */
  readonly caFile: string
  /** The root token. */
  readonly token: string
  /** Calls its API. With a body it is a POST. @throws Error with what it answered */
  call (path: string, body?: object, options?: OpenBaoCall): Promise<any>
  /** Runs a command of `bao`, and returns what it printed. */
  command (...args: readonly string[]): Promise<string>
  seal (): Promise<void>
  unseal (): Promise<void>
  /** Ends it without a word. */
  kill (): Promise<void>
  /** Starts it again after it was killed, and unseals it. */
  start (): Promise<void>
  close (): Promise<void>
}

/** Starts an OpenBao on a free port of 127.0.0.1. It keeps what it knows in the folder, so it can be started again. */
export async function startOpenBao ({ tool, folder }: OpenBaoOptions): Promise<OpenBao> {
  const tls = await createDevCa({ name: 'TLS of OpenBao' })
  const { chain, key } = await tls.issue({ cn: 'openbao', dns: ['localhost'], ip: ['127.0.0.1'] })
  const [port, clusterPort] = [await freePort(), await freePort()]
  const [caFile, certFile, keyFile, config] = ['ca.pem', 'tls.pem', 'tls.key', 'bao.hcl'].map((name) => {
    return join(folder, name)
  }) as [string, string, string, string]
  const url = `https://127.0.0.1:${port}`
  await mkdir(join(folder, 'raft'), { recursive: true })
  writeFileSync(caFile, tls.root)
  writeFileSync(certFile, chain)
  writeFileSync(keyFile, key, { mode: 0o600 })
  writeFileSync(config, `
storage "raft" {
  path = "${join(folder, 'raft')}"
  node_id = "one"
  performance_multiplier = 1
}
listener "tcp" {
  address = "127.0.0.1:${port}"
  tls_cert_file = "${certFile}"
  tls_key_file = "${keyFile}"
}
api_addr = "${url}"
cluster_addr = "https://127.0.0.1:${clusterPort}"
`)
  const agent = new Agent({ allowH2: false, connect: { ca: tls.root } })
  let program: Program | undefined
  let token = ''
  let unsealKey = ''

  async function call (path: string, body?: object, options: OpenBaoCall = {}): Promise<any> {
    const { method = body === undefined ? 'GET' : 'POST', namespace, headers = {} } = options
    const sent = options.token ?? token
    const answer = await request(`${url}/v1/${path}`, {
      method,
      dispatcher: agent,
      headers: {
        ...(sent !== '' && { 'x-vault-token': sent }),
        ...(namespace !== undefined && { 'x-vault-namespace': namespace }),
        ...headers
      },
      body: body === undefined ? null : JSON.stringify(body)
    })
    const text = await answer.body.text()
    if (answer.statusCode > 299) throw new Error(`${method} ${path} answered ${answer.statusCode}: ${text}`)
    return text === '' ? {} : JSON.parse(text)
  }
  async function unseal (): Promise<void> {
    await call('sys/unseal', { key: unsealKey }, { token: '' })
    // It is a standby first, which answers with redirects.
    for (const line of [/acquired lock/, /starting raft active node/, /post-unseal setup complete/]) {
      await program?.nextLine(line)
    }
  }
  async function launch (): Promise<void> {
    program = await startProgram(tool, ['server', '-config', config], /OpenBao server started!/)
  }
  async function start (): Promise<void> {
    await launch()
    await unseal()
  }

  await launch()
  const made = await call('sys/init', { secret_shares: 1, secret_threshold: 1 }, { token: '' })
  token = made.root_token
  unsealKey = made.keys_base64[0]
  await unseal()
  return {
    url,
    ca: tls.root,
    caFile,
    token,
    call,
    async command (...args) {
      const env = { ...process.env, BAO_ADDR: url, BAO_TOKEN: token, BAO_CACERT: caFile }
      return (await run(tool, args as string[], { env })).stdout
    },
    async seal () { await call('sys/seal', {}) },
    unseal,
    async kill () { await program?.kill() },
    start,
    async close () {
      await program?.kill()
      await agent.destroy()
    }
  }
}
