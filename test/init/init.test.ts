// What `peerkit init` writes is a service that works: its own tests, and calls of clients. Its types are checked with the
// packed packages, in test/packed.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runPeerkit } from '@peerkit/cli'
import { fileCredentials, memoryCredentials } from '@peerkit/credentials'
import { createDevCa } from '@peerkit/dev-ca'
import { MtlsAgent } from '@peerkit/undici-mtls'
import { test, type Test } from 'tap'
import { runNode } from '../docs/child-run.ts'
import { ScratchFolder } from '../docs/scratch-folder.ts'

async function init (t: Test, ...options: string[]): Promise<string> {
  const scratch = new ScratchFolder()
  t.teardown(() => { scratch[Symbol.dispose]() })
  const folder = join(scratch.path, 'shop')
  t.equal(await runPeerkit(['init', folder, ...options], { out: () => {}, err: (text) => { t.fail(text) } }), 0)
  return folder
}

test('in TypeScript: its tests pass', async (t) => {
  const folder = await init(t)
  const { code, output } = await runNode(['--test', 'test/app.test.ts'], { cwd: folder })
  t.equal(code, 0, output)
  t.match(output, /pass 2\n/)
})

test('in JavaScript: it serves an allowed client, and refuses others', async (t) => {
  const folder = await init(t, '--js')
  const server = await start(t, folder)
  t.match(await call(server, folder, 'alice', '/invoices'), { status: 200, text: '{"hello":"alice","invoices":[]}' })
  t.match(await call(server, folder, 'mallory', '/invoices'), { status: 403, text: /MTLS_ERR_CLIENT_NOT_ALLOWED/ })
  t.match(await call(server, folder, 'mallory', '/whoami'), { status: 200, text: /CN=mallory/ })
  const { chain, key } = await (await createDevCa()).issue({ cn: 'alice', ou: 'billing' })
  const stranger = memoryCredentials({ cert: chain, key, ca: readFileSync(join(folder, 'pki/root.pem'), 'utf8') })
  await t.rejects(ask(server, stranger, '/invoices'), 'no HTTP with a certificate of another CA')
  await server.stop()
})

test('a running service takes over what its script certs writes', async (t) => {
  const folder = await init(t, '--js')
  const before = join(folder, 'before')
  cpSync(join(folder, 'pki'), before, { recursive: true })
  const server = await start(t, folder)
  const { scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  for (const line of scripts.certs.split(' && ')) {
    const [, ...words] = line.split(' ')
    const args = words.map((word: string) => /^pki\b/.test(word) ? join(folder, word) : word)
    t.equal(await runPeerkit(args, { out: () => {}, err: (text) => { t.fail(text) } }), 0, line)
  }
  t.same(readdirSync(join(folder, 'pki')).sort(), readdirSync(before).sort(), 'the script writes what init has written')
  const root = JSON.stringify(readFileSync(join(folder, 'pki/root.pem'), 'utf8'))
  t.not(root, JSON.stringify(readFileSync(join(before, 'root.pem'), 'utf8')))
  await server.until(async () => await call(server, folder, 'alice', '/invoices').then(({ status }) => status === 200, () => false))
  await t.rejects(call(server, folder, 'before', '/invoices', join(before, 'alice')), 'the old CA is trusted no more')
  // The README of the service says which lines are in the log meanwhile, and which one is the last.
  await server.until(async () => server.rotations().at(-1) === 'new credentials in force')
  const told = readFileSync(join(folder, 'README.md'), 'utf8').replaceAll('\n', ' ')
  for (const line of new Set(server.rotations())) t.ok(told.includes(`\`${line}\``), line)
  await server.stop()
})

test('a wrong PORT ends it at start, with a message that names the variable', async (t) => {
  const wrong = ['abc', '', '65536', '-1', '0x1F90', '8443 ', '84.43']
  for (const options of [[], ['--js']]) {
    const folder = await init(t, ...options)
    const { scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    const [, file] = scripts.start.split(' ')
    for (const PORT of options.length === 0 ? wrong : ['abc']) {
      const { code, output } = await runNode([file], { cwd: folder, env: { PORT } })
      t.equal(code, 1, PORT)
      t.ok(output.includes(`PORT is ${JSON.stringify(PORT)}; expected a number from 0 to 65535`), output)
    }
  }
})

interface Server {
  readonly origin: string
  /** Waits until `answer` is true. */
  until (answer: () => Promise<boolean>): Promise<void>
  /** The lines of its log that say that it has read files again. */
  rotations (): string[]
  /** Ends it as a supervisor does. */
  stop (): Promise<void>
}

/** Starts the service as its script `start` does, on a free port. */
async function start (t: Test, folder: string): Promise<Server> {
  const { scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const [program, file] = scripts.start.split(' ')
  t.equal(program, 'node')
  const child: ChildProcess = spawn(process.execPath, ['--conditions=@peerkit/source', file], {
    cwd: folder, env: { ...process.env, NODE_OPTIONS: '', PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit']
  })
  t.teardown(async () => {
    if (child.exitCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  let output = ''
  child.stdout!.on('data', (chunk) => { output += String(chunk) })
  const readOrigin = (): string | undefined => /Server listening at (https:\/\/127\.0\.0\.1:\d+)/.exec(output)?.[1]
  const next = async (): Promise<void> => {
    if (child.exitCode !== null) throw new Error(`the service ended: ${output}`)
    await Promise.race([once(child.stdout!, 'data'), once(child, 'exit')])
  }
  while (readOrigin() === undefined) await next()
  return {
    origin: readOrigin() ?? '',
    // Each refused call, and each reload, is a line in the log.
    until: async (answer) => { while (!await answer()) await next() },
    rotations: () => output.match(/new credentials in force[^"]*/g) ?? [],
    stop: async () => {
      child.kill('SIGTERM')
      const [code] = await once(child, 'exit')
      t.equal(code, 0, 'it ends by itself when it is told to')
    }
  }
}

async function call (
  server: Pick<Server, 'origin'>, folder: string, name: string, path: string, files = join(folder, 'pki', name)
): Promise<{ status: number, text: string }> {
  const credentials = await fileCredentials({
    cert: `${files}.pem`, key: `${files}.key`, ca: join(folder, 'pki/root.pem'), watch: false
  })
  return await ask(server, credentials, path)
}

async function ask (
  { origin }: Pick<Server, 'origin'>, credentials: Awaited<ReturnType<typeof fileCredentials>> | ReturnType<typeof memoryCredentials>, path: string
): Promise<{ status: number, text: string }> {
  const agent = new MtlsAgent({ credentials })
  try {
    const response = await agent.fetch(`${origin}${path}`)
    return { status: response.status, text: await response.text() }
  } finally {
    await agent.destroy()
    await credentials.close()
  }
}
