// Follows docs/start/ten-minutes.md from its first block to its last, in one folder: it saves the files, starts the
// service, runs the commands, and compares what a reader sees with what the page shows.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { delimiter, join } from 'node:path'
import t from 'tap'
import { root } from '../architecture/source-graph.ts'
import { readFences, type Fence } from './fences.ts'
import { ScratchFolder } from './scratch-folder.ts'

const PAGE = 'docs/start/ten-minutes.md'
const SOURCES = '--conditions=@peerkit/source'

const scratch = new ScratchFolder()
const port = await freePort()
const fences = readFences(readFileSync(join(root, PAGE), 'utf8'))
/** The services that the page starts. */
const services: Service[] = []
t.teardown(async () => {
  for (const { child } of services) {
    if (child.exitCode === null) {
      child.kill()
      await once(child, 'exit')
    }
  }
  scratch[Symbol.dispose]()
})

/** A started service, and what it wrote. */
class Service {
  readonly child: ChildProcess
  #output = ''
  /** Lines before it were shown already. */
  #read = 0

  constructor (command: string) {
    this.child = spawn('sh', ['-c', `exec ${command}`], { cwd: scratch.path, env: environment(), stdio: ['ignore', 'pipe', 'inherit'] })
    this.child.stdout!.on('data', (chunk) => { this.#output += String(chunk) })
  }

  /** Waits for a line like `pattern`. What it wrote instead, if it ends without one. */
  async readLine (pattern: RegExp): Promise<string> {
    for (;;) {
      const unread = this.#output.slice(this.#read)
      const line = unread.split('\n').slice(0, -1).find((one) => pattern.test(one))
      if (line !== undefined) {
        this.#read += unread.indexOf(line) + line.length
        return line
      }
      if (this.child.exitCode !== null) return `ended: ${unread}`
      await Promise.race([once(this.child.stdout!, 'data'), once(this.child, 'exit')])
    }
  }
}

t.test(`${PAGE} shows what a reader sees`, async (t) => {
  writeTools()
  const counts = { run: 0, shown: 0, logged: 0 }
  let output = ''
  for (const { info, code, line } of fences) {
    const place = `${PAGE}:${line}`
    const [language, word = ''] = info.split(' ')
    if (language === 'js') writeFileSync(join(scratch.path, word), onFreePort(code))
    else if (info === 'sh start') {
      const service = new Service(code.trim())
      services.push(service)
      t.match(await service.readLine(/Server listening/), 'Server listening', place)
    } else if (info === 'sh run') {
      const result = await run(code)
      output = result.output
      t.equal(result.code, 0, `${place}\n${output}`)
      counts.run++
    } else if (info === 'text') {
      t.match(output.trim(), shownAs(code), place)
      counts.shown++
    } else if (info === 'json log') {
      const pattern = shownAs(code)
      t.match(await services.at(-1)!.readLine(pattern), pattern, place)
      counts.logged++
    }
  }
  t.ok(counts.run >= 8 && counts.shown >= 8 && counts.logged >= 4, JSON.stringify(counts))
})

t.test('every block of the page is of a kind that is checked', async (t) => {
  const kinds = /^(?:js \w+\.js|sh run|sh start|text|json log)$/
  const [install, ...others] = fences.filter(({ info }) => !kinds.test(info))
  t.match(install, { info: 'sh', code: /^npm init/ }, 'the packages that a reader installs are here already')
  t.same(others, [])
  const needed = new Set(fences.filter(({ info }) => info.startsWith('js ')).flatMap(importsOf))
  for (const name of needed) t.match(install!.code, ` ${name}`, `${name} is installed before it is imported`)
  t.ok(needed.size > 3)
})

function importsOf ({ code }: Fence): string[] {
  return [...code.matchAll(/from '([^']+)'/g)].map(([, name = '']) => name)
}

/** A text of the page, in which `…` stands for anything. */
function shownAs (code: string): RegExp {
  const parts = code.trim().split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('[^]*')}$`)
}

async function run (code: string): Promise<{ readonly code: number | null, readonly output: string }> {
  const child = spawn('sh', ['-eu', '-c', onFreePort(code)], { cwd: scratch.path, env: environment(), stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { output += String(chunk) })
  const [exit] = await once(child, 'close')
  return { code: exit, output }
}

/** What a reader has after `npm install`, on the sources: `node`, and `npx peerkit`. */
function writeTools (): void {
  const write = (name: string, command: string): void => {
    const path = join(scratch.path, 'bin', name)
    writeFileSync(path, `#!/bin/sh\n${command}\n`)
    chmodSync(path, 0o755)
  }
  mkdirSync(join(scratch.path, 'bin'))
  writeFileSync(join(scratch.path, 'package.json'), '{ "type": "module" }')
  write('node', `exec '${process.execPath}' ${SOURCES} "$@"`)
  write('npx', `shift\nexec '${process.execPath}' ${SOURCES} '${join(root, 'packages/cli/bin/peerkit.js')}' "$@"`)
}

function environment (): NodeJS.ProcessEnv {
  const path = `${join(scratch.path, 'bin')}${delimiter}${process.env['PATH']}`
  const { https_proxy: _https, HTTPS_PROXY: _proxy, ...others } = process.env
  return { ...others, PATH: path, NODE_OPTIONS: '' }
}

function onFreePort (code: string): string {
  return code.replaceAll('8443', String(port))
}

async function freePort (): Promise<number> {
  const taken = createServer().listen(0, 'localhost')
  await once(taken, 'listening')
  const { port: free } = taken.address() as AddressInfo
  taken.close()
  await once(taken, 'close')
  return free
}
