// An API server of Kubernetes on an etcd of its own, in a folder that goes with the test. There are no other controllers.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { createDevCa } from '@peerkit/dev-ca'
import { Agent, request } from 'undici'
import { freePort } from '../free-port.ts'
import { requireTool } from '../require-tool.ts'

const tools = { etcd: requireTool('etcd'), server: requireTool('kube-apiserver') }

export interface ApiServer {
  readonly url: string
  readonly folder: string
  /** Calls the API as its administrator. */
  call (method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<any>
  /** A folder as a pod of this service account has it. */
  serviceAccount (name: string): Promise<string>
}

export async function startApiServer (test: Test): Promise<ApiServer> {
  const folder = mkdtempSync(join(tmpdir(), 'peerkit-kubernetes-'))
  const ca = await createDevCa()
  const [server, admin] = [await ca.issue({ ip: '127.0.0.1' }), await ca.issue({ cn: 'admin', o: 'system:masters', profile: 'client' })]
  const accounts = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 })
    return join(folder, name)
  }
  const [client, peer, port] = [await freePort(), await freePort(), await freePort()]
  const etcd = run(test, tools.etcd, [
    '--data-dir', join(folder, 'etcd'), '--listen-client-urls', `http://127.0.0.1:${client}`, '--advertise-client-urls', `http://127.0.0.1:${client}`,
    '--listen-peer-urls', `http://127.0.0.1:${peer}`, '--initial-advertise-peer-urls', `http://127.0.0.1:${peer}`, '--initial-cluster', `default=http://127.0.0.1:${peer}`
  ])
  const apiServer = run(test, tools.server, [
    `--etcd-servers=http://127.0.0.1:${client}`, '--bind-address=127.0.0.1', `--secure-port=${port}`, '--service-cluster-ip-range=10.0.0.0/24',
    `--tls-cert-file=${write('server.pem', server.chain)}`, `--tls-private-key-file=${write('server.key', server.key)}`, `--client-ca-file=${write('ca.pem', ca.root)}`,
    '--service-account-issuer=https://kubernetes.default.svc', '--authorization-mode=RBAC',
    `--service-account-key-file=${write('accounts.pub', accounts.publicKey.export({ type: 'spki', format: 'pem' }) as string)}`,
    `--service-account-signing-key-file=${write('accounts.key', accounts.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string)}`
  ])
  const agent = new Agent({ connect: { ca: ca.root, cert: admin.chain, key: admin.key } })
  const url = `https://127.0.0.1:${port}`
  test.teardown(async () => {
    await agent.destroy()
    await stop(apiServer)
    await stop(etcd)
    rmSync(folder, { recursive: true, force: true })
  })
  const call: ApiServer['call'] = async (method, path, body) => {
    const { statusCode, body: answer } = await request(url + path, {
      dispatcher: agent, method, body: body === undefined ? null : JSON.stringify(body), headers: { 'content-type': 'application/json' }
    })
    const text = await answer.text()
    if (statusCode >= 300) throw new Error(`${method} ${path} answered ${statusCode}: ${text}`)
    return text === 'ok' ? text : JSON.parse(text)
  }
  await untilReady(call, [etcd, apiServer])
  await call('POST', '/api/v1/namespaces', { metadata: { name: 'prod' } })
  return {
    url,
    folder,
    call,
    async serviceAccount (name) {
      await call('POST', '/api/v1/namespaces/prod/serviceaccounts', { metadata: { name } })
      const { status } = await call('POST', `/api/v1/namespaces/prod/serviceaccounts/${name}/token`, { spec: { expirationSeconds: 3600 } })
      mkdirSync(join(folder, name))
      write(`${name}/token`, status.token)
      write(`${name}/ca.crt`, ca.root)
      return join(folder, name)
    }
  }
}

function run (test: Test, tool: string, options: readonly string[]): ChildProcess {
  const child = spawn(tool, options, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => { said = (said + chunk.toString()).slice(-4_000) })
  child.once('exit', (code) => { if (code !== null && code !== 0) test.fail(`${tool} ended with ${code}: ${said}`) })
  return child
}

async function stop (child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => { child.once('exit', resolve) })
  child.kill('SIGKILL')
  await ended
}

async function untilReady (call: ApiServer['call'], children: readonly ChildProcess[]): Promise<void> {
  for (;;) {
    if (children.some(({ exitCode }) => exitCode !== null)) throw new Error('the API server ended at its start')
    if (await call('GET', '/readyz').catch(() => undefined) === 'ok') return
    await new Promise((resolve) => { setTimeout(resolve, 250) })
  }
}
