// go-spiffe, the SPIFFE library of Go, on the same SPIRE agent: as our client and as our server, before a rotation and after it.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'tap'
import { startProgram } from '@peerkit/example-spire'
import type { Program } from '@peerkit/example-spire'
import { until } from './spire/changes.ts'
import { requireTool } from './require-tool.ts'
import { call, startCaller, startService } from './spire/service.ts'
import { makeFolder, startSpire } from './spire/world.ts'

const go = requireTool('go')
const OURS = 'spiffe://prod.example/ours'
const GO = 'spiffe://prod.example/go'

test('go-spiffe', { timeout: 600_000 }, async (t) => {
  const binary = join(makeFolder(t), 'go-spiffe')
  // Its modules are in Go's cache, or are fetched: .ci/steps/parts has done it.
  execFileSync(go, ['build', '-o', binary, '.'], { cwd: join(import.meta.dirname, 'go-spiffe'), env: { ...process.env, GOWORK: 'off' } })
  const spire = await startSpire(t, { ttl: '20s' })
  await spire.server.register('/ours')
  await spire.server.register('/go')
  const credentials = await spire.credentials('/ours')

  async function start (mode: 'serve' | 'call', own: string, peer: string): Promise<Program> {
    const program = await startProgram(binary, [mode, spire.agent.address, own, peer], /^READY/)
    t.teardown(async () => { await program.kill() })
    return program
  }

  await t.test('calls us', async (t) => {
    const { origin } = await startService(t, credentials, [{ spiffe: GO }])
    const client = await start('call', GO, OURS)
    const ask = async (): Promise<string> => {
      client.write(`${origin}/`)
      return await client.nextLine(/^(ANSWER|PROBLEM)/)
    }
    const first = await ask()
    t.match(first, `ANSWER 200 ${GO} by prod.example from ${OURS}, serial `)
    let last = first
    // Each call has a connection of its own, and shows our newest certificate.
    await until(async () => { last = await ask(); return last !== first })
    t.match(last, `ANSWER 200 ${GO} by prod.example from ${OURS}, serial `)
  })

  await t.test('calls us as somebody whom no rule allows, and expects somebody else', async (t) => {
    const { origin } = await startService(t, credentials, [{ spiffe: 'spiffe://prod.example/nobody' }])
    const client = await start('call', GO, OURS)
    client.write(`${origin}/`)
    t.match(await client.nextLine(/^(ANSWER|PROBLEM)/), 'ANSWER 403')
    const other = await start('call', GO, 'spiffe://prod.example/other')
    other.write(`${origin}/`)
    t.match(await other.nextLine(/^(ANSWER|PROBLEM)/), /^PROBLEM .*unexpected ID "spiffe:\/\/prod\.example\/ours"/)
  })

  await t.test('is called by us', async (t) => {
    const server = await start('serve', GO, OURS)
    const origin = `https://127.0.0.1:${/\d+/.exec(server.ready)?.[0]}`
    const agent = startCaller(t, credentials, GO)
    const first = await call(agent, origin, true)
    t.match(first, `${OURS}, serial `)
    let last = first
    await until(async () => { last = await call(agent, origin, true); return last !== first })
    t.match(last, `${OURS}, serial `)
  })

  await t.test('is called by us, who expect somebody else, or are not whom it expects', async (t) => {
    const server = await start('serve', GO, 'spiffe://prod.example/other')
    const origin = `https://127.0.0.1:${/\d+/.exec(server.ready)?.[0]}`
    t.equal(await call(startCaller(t, credentials, 'spiffe://prod.example/other'), origin), 'MTLS_ERR_OUTBOUND_WRONG_SERVER rules')
    t.match(await call(startCaller(t, credentials, GO), origin), /^MTLS_ERR_OUTBOUND_CLIENT_CERTIFICATE_REFUSED/)
    await server.nextLine(/^REFUSED .*unexpected ID "spiffe:\/\/prod\.example\/ours"/)
    t.same(server.lines.filter((line) => line.startsWith('REQUEST')), [])
  })
})
