// Deno, with the packages in node_modules: what docs/hosts.md says of it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:http2'
import { createInterface } from 'node:readline'
import { connect as connectTls } from 'node:tls'
import { join } from 'node:path'
import { test } from 'tap'
import { ask } from './ask.ts'
import type { Presented } from './ask.ts'
import { checkServer } from './check-server.ts'
import { readHost } from './documented.ts'
import { makeProject } from './host-project.ts'

const { commands: [start = ''] } = readHost('Deno')
const { files } = readHost('esbuild')
const project = await makeProject({ packages: ['fastify', 'undici', 'deno'], manifest: { type: 'module' } })
project.write({ ...files, 'deno-server.js': readFileSync(join(import.meta.dirname, 'deno-server.js'), 'utf8') })

test('the documented server', async (t) => {
  const server = await project.serve(start)
  t.teardown(server.stop)
  await checkServer(t, project, server)
})

test('rules, identity and credentials with two permissions', async (t) => {
  project.write({
    'parts.js': `
      import { fileCredentials } from '@peerkit/credentials'
      import { parsePeerIdentity } from '@peerkit/identity'
      import { compileGroups, compileRules } from '@peerkit/rules'
      const credentials = await fileCredentials({ cert: 'ledger.pem', key: 'ledger.key', ca: 'pki/root.pem' })
      const peer = parsePeerIdentity(credentials.current.identity.raw)
      console.log(peer.commonName, typeof compileRules, typeof compileGroups)
      await credentials.close()`
  })
  const { code, output } = await project.run('deno run --allow-read --allow-env parts.js')
  t.equal(code, 0, output)
  t.equal(output, 'ledger function function\n')
})

test('the gate, resumption, revocation, rotation and the agent behave as on Node', async (t) => {
  const child = spawn('sh', ['-euc', 'unset NODE_OPTIONS; exec node_modules/.bin/deno run --allow-read --allow-env --allow-net --allow-sys deno-server.js'], { cwd: project.folder, stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(async () => {
    // It ends with its input.
    const closed = once(child, 'close')
    child.stdin.end()
    await closed
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const hear = async (): Promise<any> => JSON.parse((await lines.next()).value ?? '"it ended"')
  const tell = async (order: string): Promise<any> => {
    child.stdin.write(`${order}\n`)
    return await hear()
  }
  const { port, ca, otherCa, clients: { alice, mallory, stranger, expired, purposeless } } = await hear()

  t.equal(await ask({ port, ca, client: alice }), '200 alice 1.1 new')
  t.match(await ask({ port, ca, client: mallory }), /^403 /)
  for (const client of [stranger, expired, purposeless, undefined]) t.equal(await ask({ port, ca, client }), 'refused')
  t.same(await tell('refusals'), ['no_match', 'unknown_ca', 'unknown_ca', 'unknown_ca', 'no_certificate'])
  t.equal(await tell('call'), 'ledger 1.1 new')
  t.equal(await tell('callWrong'), 'MTLS_ERR_OUTBOUND_WRONG_SERVER')

  const session = connect(`https://localhost:${port}`, { ca, cert: alice.chain, key: alice.key })
  t.teardown(() => { session.destroy() })
  const overHttp2 = async (): Promise<number | undefined> => await new Promise((resolve, reject) => {
    const stream = session.request({ ':path': '/' })
    stream.on('response', ({ ':status': status }) => { resolve(status) })
    stream.on('error', reject)
    stream.resume()
  })
  t.equal(await overHttp2(), 200)
  const first = await converse({ port, ca, client: alice })
  t.match(first.answer, /alice 1\.1 new/)
  const again = await converse({ port, ca, client: alice, ticket: first.ticket })
  t.match(again.answer, /alice 1\.1 resumed/)

  await tell('revoke')
  t.equal(await overHttp2(), 401, 'an open connection')
  t.equal(await ask({ port, ca, client: alice }), 'refused')
  t.equal((await converse({ port, ca, client: alice, ticket: first.ticket })).answer, '', 'a session that could be resumed')
  await tell('rotate')
  t.equal(await ask({ port, ca: otherCa, client: stranger }), '200 alice 1.1 new', 'no stranger any more')
  t.equal(await ask({ port, ca: otherCa, client: mallory }), 'refused', 'its CA was removed')
})

interface Call { readonly port: number, readonly ca: string, readonly client: Presented, readonly ticket?: Buffer | undefined }

/** A request over a session of one's own choice. */
async function converse ({ port, ca, client, ticket }: Call): Promise<{ answer: string, ticket: Buffer | undefined }> {
  return await new Promise((resolve) => {
    let answer = ''
    let given: Buffer | undefined
    const socket = connectTls({ host: 'localhost', servername: 'localhost', port, ca, cert: client.chain, key: client.key, ...(ticket !== undefined && { session: ticket }) })
    socket.on('secureConnect', () => { socket.write('GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n') })
    socket.on('session', (one) => { given = one })
    socket.on('data', (chunk) => { answer += String(chunk) })
    socket.on('error', () => {})
    socket.on('close', () => { resolve({ answer, ticket: given }) })
  })
}
