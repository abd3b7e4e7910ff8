// docs/recipes/systemd.md: the program runs with a folder as systemd makes it, through a renewal with an encrypted key.
import { spawn } from 'node:child_process'
import { createPrivateKey } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createDevCa } from '@peerkit/dev-ca'
import t from 'tap'
import { Agent, request } from 'undici'
import { root } from '../architecture/source-graph.ts'
import { readFences } from './fences.ts'
import { ScratchFolder } from './scratch-folder.ts'

const scratch = new ScratchFolder()
t.teardown(() => { scratch[Symbol.dispose]() })
const fences = readFences(readFileSync(join(root, 'docs/recipes/systemd.md'), 'utf8'))
const unit = fences.find(({ info }) => info === 'ini')!.code
const server = join(scratch.path, 'server.mjs')
writeFileSync(server, fences.find(({ info, code }) => info === 'js' && code.includes('CREDENTIALS_DIRECTORY'))!.code)

t.test('the program reads the passphrase from the credential, and takes a renewal', async (t) => {
  const [certs, CREDENTIALS_DIRECTORY] = [join(scratch.path, 'certs'), join(scratch.path, 'credentials')]
  for (const folder of [certs, CREDENTIALS_DIRECTORY]) mkdirSync(folder)
  const passphrase = 'c2VjcmV0IG9mIHRoaXMgbWFjaGluZQ=='
  writeFileSync(join(CREDENTIALS_DIRECTORY, 'key-passphrase'), passphrase, { mode: 0o400 })
  const ca = await createDevCa()
  const place = (name: string, text: string): void => {
    writeFileSync(join(certs, `${name}.new`), text, { mode: 0o600 })
    renameSync(join(certs, `${name}.new`), join(certs, name))
  }
  const issue = async (): Promise<void> => {
    const { chain, key } = await ca.issue({ cn: 'ledger', dns: 'localhost', profile: 'server' })
    place('ledger.key', createPrivateKey(key).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }) as string)
    place('ledger.pem', chain)
  }
  place('ca.pem', ca.root)
  await issue()
  const child = spawn(process.execPath, ['--conditions=@peerkit/source', server], {
    cwd: scratch.path, stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NODE_OPTIONS: '', CERTS: certs, CREDENTIALS_DIRECTORY, PORT: '0' }
  })
  t.teardown(() => { child.kill('SIGKILL') })
  const lines: string[] = []
  const heard = createInterface({ input: child.stdout }).on('line', (line) => { lines.push(line) })
  const until = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const line = lines.find((one) => pattern.test(one))
      if (line !== undefined) return line
      await once(heard, 'line')
    }
  }
  const [, port = ''] = /127\.0\.0\.1:(\d+)/.exec(await until(/Server listening at https:\/\/127\.0\.0\.1/)) ?? []
  await issue()
  t.match(await until(/new credentials in force/), '"generation":2')
  const { chain, key } = await ca.issue({ cn: 'Olga', ou: 'operators', profile: 'client' })
  const dispatcher = new Agent({ connect: { ca: ca.root, cert: chain, key } })
  const { statusCode, body } = await request(`https://localhost:${port}`, { dispatcher })
  t.same([statusCode, await body.text()], [200, 'Hello Olga'])
  await dispatcher.close()
  const closed = once(child, 'close')
  child.kill('SIGTERM')
  t.same(await closed, [0, null])
  t.notMatch(lines.join('\n'), passphrase)
})

t.test('the unit, the program and the commands name the same things', async (t) => {
  const program = readFileSync(server, 'utf8')
  const commands = fences.filter(({ info }) => info === 'sh').map(({ code }) => code).join('\n')
  const [, name = '', path = ''] = /^LoadCredentialEncrypted=([\w-]+):(.+)$/m.exec(unit) ?? []
  t.match(program, `'${name}'`)
  t.match(commands, `--name=${name} `)
  t.match(commands, path)
  const [, folder = ''] = /^Environment=CERTS=(.+)$/m.exec(unit) ?? []
  t.match(commands, `${folder}/ledger.key`)
  t.match(unit, /^ExecStart=.* \/srv\/ledger\/server\.mjs$/m)
  t.ok(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]) > 10)
})
