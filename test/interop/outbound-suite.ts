// What is asked of our dispatcher before every foreign server, right ones and wrong ones.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { subscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { after, test } from 'tap'
import { memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import type { IssuedCertificate } from '@peerkit/dev-ca'
import { MtlsAgent, getServerIdentity } from '@peerkit/undici-mtls'

export type Version = '1.2' | '1.3'
export interface Party { readonly cert: string, readonly key: string, readonly ca: string, readonly name: string }
export interface Foreign { readonly origin: string, /** Requests that reached it so far, a line each. */ readonly requests: () => readonly string[], close (): Promise<void> }
export type Start = (party: Party, version: Version) => Promise<Foreign>

export interface Expectations {
  /** Whether answers begin with our common name. */
  readonly echoes: boolean
  /** What a client certificate of an unknown CA comes to, by version. */
  readonly refusal: Readonly<Record<Version, object>>
  /** Whether sessions are resumed, by version. */
  readonly resumes: Readonly<Record<Version, boolean>>
  readonly http2?: boolean
}

const SPIFFE = 'spiffe://interop.example/ledger'
const day = 86_400_000
export const folder: string = mkdtempSync(join(tmpdir(), 'peerkit-outbound-'))
after(() => { rmSync(folder, { recursive: true, force: true }) })

const ca = await createDevCa({ name: 'Interop CA' })
const intermediate = await ca.intermediate()
const otherCa = await createDevCa({ name: 'Interop CA' })

function store (name: string, { chain, key }: IssuedCertificate): Party {
  const paths = { cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`), ca: join(folder, 'ca.crt') }
  writeFileSync(paths.ca, ca.root)
  writeFileSync(paths.cert, chain)
  writeFileSync(paths.key, key, { mode: 0o600 })
  return { ...paths, name }
}

const names = { dns: 'localhost', ip: '127.0.0.1' }
const ledger = store('ledger', await intermediate.issue({ cn: 'ledger', ...names, spiffe: SPIFFE }))
const wrong: ReadonlyArray<readonly [Party, object]> = [
  [store('other', await ca.issue({ cn: 'ledger', ...names, spiffe: `${SPIFFE}-2` })), { code: 'MTLS_ERR_OUTBOUND_WRONG_SERVER', reason: 'rules' }],
  [store('stranger', await otherCa.issue({ cn: 'ledger', ...names, spiffe: SPIFFE })), { code: 'MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED', reason: 'unknown_ca' }],
  [store('expired', await ca.issue({ cn: 'ledger', ...names, spiffe: SPIFFE, notBefore: new Date(Date.now() - 2 * day), notAfter: new Date(Date.now() - day) })), { code: 'MTLS_ERR_OUTBOUND_SERVER_EXPIRED' }],
  [store('client', await ca.issue({ cn: 'ledger', ...names, spiffe: SPIFFE, profile: 'client' })), { code: 'MTLS_ERR_OUTBOUND_SERVER_UNTRUSTED', reason: 'wrong_purpose' }]
]
const orders = await ca.issue({ cn: 'orders', profile: 'client' })
const strange = await otherCa.issue({ cn: 'strange', profile: 'client' })
const credentials = memoryCredentials({ cert: orders.chain, key: orders.key, ca: ca.root })
const strangeCredentials = memoryCredentials({ cert: strange.chain, key: strange.key, ca: ca.root })
const resumed: boolean[] = []
subscribe('peerkit:outbound:identified', (message) => { resumed.push((message as { resumed: boolean }).resumed) })

/** Starts a program and waits for what it says. Gives what it says after that, line by line. */
export async function startProgram (file: string, args: readonly string[], ready: RegExp): Promise<{ readonly match: RegExpExecArray, readonly lines: string[], readonly child: ChildProcess }> {
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  const lines: string[] = []
  const found = Promise.withResolvers<RegExpExecArray>()
  let text = ''
  const read = (chunk: Buffer): void => {
    text += String(chunk)
    const whole = text.split('\n')
    text = whole.pop() ?? ''
    for (const line of whole) {
      lines.push(line)
      const match = ready.exec(line)
      if (match !== null) found.resolve(match)
    }
  }
  child.stdout.on('data', read)
  child.stderr.on('data', read)
  child.once('close', (code) => { found.reject(new Error(`${file} ended with ${code}:\n${lines.join('\n')}`)) })
  return { match: await found.promise, lines, child }
}

export async function stopProgram (child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill()
  await once(child, 'close')
}

async function call (agent: MtlsAgent, origin: string, path = '/entries'): Promise<{ readonly text: string, readonly server: string | undefined }> {
  const response = await agent.request({ origin, path, method: 'GET', reset: true })
  return { text: await response.body.text(), server: getServerIdentity(response)?.spiffeId }
}

async function failure (agent: MtlsAgent, origin: string): Promise<any> {
  return await agent.request({ origin, path: '/secret', method: 'POST', body: 'secret' }).then(async ({ statusCode, body }) => ({ statusCode, text: await body.text() }), (error: unknown) => error)
}

export function testForeignServer (name: string, start: Start, expected: Expectations): void {
  for (const version of ['1.2', '1.3'] as const) {
    test(`${name}, TLS ${version}: the right server is called, and sessions are ${expected.resumes[version] ? '' : 'not '}resumed`, async (t) => {
      const foreign = await start(ledger, version)
      const agent = new MtlsAgent({ credentials, allowedServers: [{ spiffe: SPIFFE }] })
      t.teardown(async () => { await agent.close(); await foreign.close() })
      resumed.length = 0
      for (let time = 0; time < 4; time++) {
        const { text, server } = await call(agent, foreign.origin)
        t.equal(server, SPIFFE)
        if (expected.echoes) t.match(text, /^orders /)
      }
      t.equal(resumed[0], false)
      t.equal(resumed.slice(1).some(Boolean), expected.resumes[version], String(resumed))
    })

    test(`${name}, TLS ${version}: rotation under calls`, async (t) => {
      const foreign = await start(ledger, version)
      const source = memoryCredentials({ cert: orders.chain, key: orders.key, ca: ca.root })
      const agent = new MtlsAgent({ credentials: source, allowedServers: [{ spiffe: SPIFFE }], connections: 4 })
      t.teardown(async () => { await agent.close(); await foreign.close() })
      const renewed = await ca.issue({ cn: 'orders-2', profile: 'client' })
      const calls: Array<Promise<unknown>> = []
      for (const { chain, key } of [renewed, orders, renewed, orders, renewed]) {
        for (let index = 0; index < 8; index++) calls.push(agent.request({ origin: foreign.origin, path: '/', method: 'GET' }).then(async ({ body }) => await body.text()))
        await calls[0]
        source.update({ cert: chain, key })
      }
      await t.resolves(Promise.all(calls))
      if (expected.echoes) t.match((await call(agent, foreign.origin)).text, /^orders-2 /)
    })

    test(`${name}, TLS ${version}: our certificate refused comes out as that`, async (t) => {
      const foreign = await start(ledger, version)
      const agent = new MtlsAgent({ credentials: strangeCredentials, allowedServers: [{ spiffe: SPIFFE }] })
      t.teardown(async () => { await agent.close(); await foreign.close() })
      for (let time = 0; time < 3; time++) t.match(await failure(agent, foreign.origin), expected.refusal[version])
      t.same(foreign.requests(), [])
    })

    for (const [party, error] of wrong) {
      test(`${name}, TLS ${version}, as the wrong server (${party.name}): it gets no byte`, async (t) => {
        const foreign = await start(party, version)
        const agent = new MtlsAgent({ credentials, allowedServers: [{ spiffe: SPIFFE }] })
        t.teardown(async () => { await agent.close(); await foreign.close() })
        t.match(await failure(agent, foreign.origin), { ...error, retryable: false })
        t.same(foreign.requests(), [])
      })
    }
  }

  if (expected.http2 === true) {
    test(`${name}: HTTP/2`, async (t) => {
      const foreign = await start(ledger, '1.3')
      const agent = new MtlsAgent({ credentials, allowedServers: [{ spiffe: SPIFFE }], allowH2: true })
      t.teardown(async () => { await agent.close(); await foreign.close() })
      const answers = await Promise.all(Array.from({ length: 10 }, async () => await (await agent.request({ origin: foreign.origin, path: '/h2', method: 'POST', body: 'x' })).body.text()))
      t.equal(answers.length, 10)
      // What the server prints comes by another way than its answers.
      while (foreign.requests().length === 0) await setImmediate()
      t.match(foreign.requests().at(-1), /HTTP\/2/)
    })
  }
}
