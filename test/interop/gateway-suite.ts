// What is asked of an app behind every real gateway: by clients that are meant, by those that are not, and by attackers.
import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { after, test } from 'tap'
import { Agent, request } from 'undici'
import { freePort } from './free-port.ts'
import { certs, clients, folder, meshRoot, neighbour, startApp, ways } from './gateway-world.ts'
import type { App, ClientName, Format, Way } from './gateway-world.ts'
import { requireTool } from './require-tool.ts'

export interface Gateway {
  readonly name: string
  readonly format: Format
  /** Of docs/gateways: the file that the guide shows is the one that is started. */
  readonly config: string
  /** What to put in for each `${NAME}` beside PORT, RUN and CERTS. */
  readonly values: (app: App, way: Way) => Readonly<Record<string, string>>
  readonly command: (config: string, run: string, port: number) => readonly [string, ...string[]]
  /** The headers that it writes, and so an attacker would. */
  readonly headers: readonly string[]
  /** What it makes of a certificate in such a header. */
  readonly encode: (pem: string) => string
  /** A header with the gateway's verdict, and its best value. */
  readonly verdict?: readonly [string, string]
  /** Default: all of them. */
  readonly ways?: readonly Way[]
  /** Changes to the configuration, for a variant that the guide describes. */
  readonly edit?: (text: string) => string
}

interface Outcome { readonly status: number, readonly body: string }

const running = new Set<ChildProcess>()
after(() => { for (const child of running) child.kill('SIGKILL') })

/** Whether the gateway shows its certificate: some listen before they have read their configuration. */
async function isReady (port: number): Promise<boolean> {
  const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: meshRoot })
  return await new Promise<boolean>((resolve) => {
    socket.once('secureConnect', () => { resolve(true) }).once('close', () => { resolve(false) }).on('error', () => {})
  }).finally(() => { socket.destroy() })
}

export interface Started { readonly origin: string, readonly app: App, close (): Promise<void> }

/** Fills in the guide's own file and starts the gateway with it. Over plain HTTP the part on mutual TLS to the app is left out. */
export async function startGateway (gateway: Gateway, way: Way): Promise<Started> {
  const app = await startApp(way, gateway.format)
  const [port, run] = [await freePort(), join(folder, `${gateway.name.replaceAll(' ', '-')}-${way.replaceAll(' ', '-')}`)]
  mkdirSync(run)
  const values: Record<string, string> = { PORT: String(port), RUN: run, CERTS: certs, ...gateway.values(app, way) }
  const template = readFileSync(new URL(`../../docs/gateways/${gateway.config}`, import.meta.url), 'utf8')
  const chosen = way === 'mutual TLS' ? template : template.replace(/^[ \t]*# --- mutual TLS[^]*?# ---\n/gm, '')
  const filled = chosen.replace(/\$\{([A-Z]+)\}/g, (whole, name: string) => values[name] ?? whole)
  const path = join(run, gateway.config)
  const edited = gateway.edit?.(filled) ?? filled
  if (gateway.edit !== undefined && edited === filled) throw new Error(`${gateway.name}: nothing to change in ${gateway.config}`)
  writeFileSync(path, edited)
  const [file, ...args] = gateway.command(path, run, port)
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...values, HOME: run } })
  running.add(child)
  const log = createWriteStream(join(run, 'output.log'))
  child.stdout.pipe(log, { end: false })
  child.stderr.pipe(log, { end: false })
  const ended = once(child, 'close')
  while (child.exitCode === null && !await isReady(port)) await new Promise((resolve) => { setImmediate(resolve) })
  if (child.exitCode !== null) {
    await new Promise((resolve) => { log.end(resolve) })
    throw new Error(`${gateway.name} ended with ${child.exitCode}:\n${readFileSync(join(run, 'output.log'), 'utf8')}`)
  }
  return {
    origin: `https://localhost:${port}`,
    app,
    close: async () => {
      // A proxy whose processes are several ends them itself.
      child.kill('SIGTERM')
      await ended
      running.delete(child)
      log.end()
      await app.close()
    }
  }
}

function agentOf (name: ClientName | undefined, allowH2 = false): Agent {
  const { chain, key } = name === undefined ? { chain: undefined, key: undefined } : clients[name]
  return new Agent({ allowH2, connections: 4, connect: { ca: meshRoot, family: 4, ...(chain !== undefined && { cert: chain, key }) } })
}

/** The status of the answer; 0 where there was none. */
async function ask (url: string, dispatcher: Agent, headers: string[] = []): Promise<Outcome> {
  try {
    const { statusCode, body } = await request(url, { dispatcher, headers })
    return { status: statusCode, body: await body.text() }
  } catch (error) {
    return { status: 0, body: String((error as Error).message) }
  }
}

async function askOnce (url: string, name: ClientName | undefined, headers: string[] = [], allowH2 = false): Promise<Outcome> {
  const agent = agentOf(name, allowH2)
  const outcome = await ask(url, agent, headers)
  await agent.destroy()
  return outcome
}

/** The statuses of two connections, of which the second offers to resume the session of the first; empty where the handshake failed. */
async function askAgain (origin: string, name: ClientName): Promise<string[]> {
  const { chain: cert, key } = clients[name]
  const statuses: string[] = []
  let session: Buffer | undefined
  for (let turn = 0; turn < 2; turn++) {
    const socket = connectTls({ port: Number(new URL(origin).port), host: '127.0.0.1', servername: 'localhost', ca: meshRoot, cert, key, ...(session !== undefined && { session }) })
    let answer = ''
    socket.on('session', (ticket) => { session = ticket }).on('data', (data: Buffer) => { answer += data.toString('latin1') }).on('error', () => {})
    socket.write('GET /billing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    await new Promise((resolve) => { socket.once('close', resolve) })
    statuses.push(answer.slice(9, 12))
  }
  return statuses
}

const fingerprintOf = (name: ClientName): string => createHash('sha256').update(clients[name].der).digest('hex')

/** Every spelling in which a client may try to bring a header of the gateway's. */
function forgeries ({ headers, encode, verdict }: Gateway): ReadonlyArray<readonly [string, string[]]> {
  const value = encode(clients.billing.cert)
  const beside = verdict === undefined ? [] : [...verdict]
  return headers.flatMap((header): Array<[string, string[]]> => [
    [header, [header, value, ...beside]],
    [`${header} in capitals`, [header.toUpperCase(), value, ...beside]],
    [`${header} with underscores`, [header.replaceAll('-', '_'), value, ...beside.map((part) => part.replaceAll('-', '_'))]],
    [`${header} twice`, [header, value, header, value, ...beside]],
    [`${header}, empty`, [header, '', ...beside]]
  ])
}

/** Tries a gateway in each of the ways that it can reach an app. */
export function testGateway (gateway: Gateway): void {
  const { name, encode, headers } = gateway
  for (const way of gateway.ways ?? ways) {
    test(`${name}, app by ${way}`, async (t) => {
      const started = await startGateway(gateway, way)
      t.teardown(started.close)
      const { origin, app } = started
      const via = way === 'mutual TLS' ? ['gateway'] : []

      await t.test('who is meant is served, who is not gets 403, over HTTP/1.1 and HTTP/2', async (t) => {
        for (const h2 of [false, true]) {
          t.same(await askOnce(`${origin}/billing`, 'billing', [], h2), { status: 200, body: 'billed' })
          t.equal((await askOnce(`${origin}/billing`, 'intern', [], h2)).status, 403)
          const who = JSON.parse((await askOnce(`${origin}/who`, 'intern', [], h2)).body)
          t.match(who, { source: 'forwarded', via, cn: ['intern'], o: ['Example'], ou: ['interns'] })
          t.equal(who.fingerprint, fingerprintOf('intern'))
        }
      })

      await t.test('no certificate, one of another CA, and one that has ended: nobody', async (t) => {
        t.equal((await askOnce(`${origin}/billing`, undefined)).status, 401)
        for (const nobody of ['stranger', 'expired'] as const) {
          const before = app.requests()
          const { status } = await askOnce(`${origin}/billing`, nobody)
          t.ok([0, 400, 401, 403].includes(status), `${nobody}: ${status}`)
          if (nobody === 'stranger' && gateway.format.verification === 'in-process') t.equal(status, 401, 'such a gateway lets strangers pass')
          // Either the gateway ended it, or the app was told and refused.
          t.ok(app.requests() === before || status === 401, `${nobody} did not pass`)
        }
      })

      await t.test('a chain with an intermediate', async (t) => {
        t.same(await askOnce(`${origin}/billing`, 'deep'), { status: 200, body: 'billed' })
      })

      await t.test('names that look like several', async (t) => {
        const { status, body } = await askOnce(`${origin}/who`, 'tricky')
        t.equal(status, 200, body)
        t.match(JSON.parse(body), { cn: ['a+b=c/CN=admin'], o: ['Müller, Söhne & Co;KG', 'Example'], ou: ['ops', 'billing, CN=admin'] })
        t.equal((await askOnce(`${origin}/admin`, 'tricky')).status, 403)
        t.equal((await askOnce(`${origin}/billing`, 'tricky')).status, 403)
      })

      await t.test('headers that a client brings itself', async (t) => {
        for (const [title, forged] of forgeries(gateway)) {
          for (const client of ['intern', undefined] as const) {
            for (const h2 of [false, true]) {
              const { status } = await askOnce(`${origin}/billing`, client, h2 ? forged.map((part, index) => index % 2 === 0 ? part.toLowerCase() : part) : forged, h2)
              t.ok([0, 400, 401, 403].includes(status), `${title}, ${client ?? 'no certificate'}, HTTP/${h2 ? 2 : 1.1}: ${status}`)
            }
          }
        }
        // Another format's header is a second opinion, which nobody asked for.
        t.not((await askOnce(`${origin}/billing`, 'intern', ['l5d-client-id', 'billing'])).status, 200)
      })

      await t.test('two clients whose requests share the gateway\'s connections are never mixed', async (t) => {
        const [billing, intern] = [agentOf('billing'), agentOf('intern')]
        const answers = await Promise.all(Array.from({ length: 100 }, async (_, index) => {
          const [one, agent] = index % 2 === 0 ? ['billing' as const, billing] : ['intern' as const, intern]
          const { body } = await ask(`${origin}/who`, agent)
          return JSON.parse(body).fingerprint === fingerprintOf(one)
        }))
        t.equal(answers.filter((right) => right).length, 100)
        await Promise.all([billing.destroy(), intern.destroy()])
      })

      await t.test('a resumed session is the same client, and no way around the verdict on it', async (t) => {
        for (const [client, expected] of [['billing', ['200', '200']], ['deep', ['200', '200']], ['intern', ['403', '403']], ['stranger', undefined], ['expired', undefined]] as const) {
          const answers = await askAgain(origin, client)
          if (expected !== undefined) t.same(answers, expected)
          else t.notOk(answers.includes('200'), `${client}: ${answers.join(', ')}`)
        }
      })

      await t.test('curl', async (t) => {
        const curl = requireTool('curl')
        const status = async (name: ClientName, ...more: string[]): Promise<string> => await new Promise((resolve) => {
          execFile(curl, ['-sS', '-o', '/dev/null', '-w', '%{http_version} %{http_code}', '--resolve', `localhost:${new URL(origin).port}:127.0.0.1`, '--cacert', join(certs, 'mesh-ca.crt'),
            '--cert', join(certs, `${name}.crt`), '--key', join(certs, `${name}.key`), ...more, `https://localhost:${new URL(origin).port}/billing`], (_error, stdout) => { resolve(stdout) })
        })
        t.equal(await status('billing', '--http1.1'), '1.1 200')
        t.equal(await status('intern', '--http2'), '2 403')
        t.match(await status('intern', '-H', `${headers[0]}: ${encode(clients.billing.cert)}`), / 40[013]$/)
      })

      // Whoever may open the socket is the gateway.
      if (way === 'Unix socket') return
      await t.test('past the gateway, the headers are refused', async (t) => {
        const [header = ''] = headers
        const forged = [header, encode(clients.billing.cert), ...gateway.verdict ?? []]
        const direct = way === 'mutual TLS'
          ? new Agent({ connect: { ca: meshRoot, cert: neighbour.chain, key: neighbour.key, servername: 'localhost' } })
          : new Agent({ localAddress: '127.0.0.2' })
        const url = `${way === 'mutual TLS' ? 'https' : 'http'}://${app.address}/billing`
        t.equal((await ask(url, direct, forged)).status, 401)
        t.equal((await ask(url, direct)).status, way === 'mutual TLS' ? 403 : 401)
        await direct.destroy()
      })
    })
  }
}

/** Base64 of the DER. */
export const encodeBase64 = (pem: string): string => pem.replace(/-----[A-Z ]+-----|\s/g, '')
