import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { createDevCa } from '@peerkit/dev-ca'
import type { IssuedCertificate } from '@peerkit/dev-ca'
import t from 'tap'
import { freePort } from '../interop/free-port.ts'
import { run } from '../packed/pack.ts'
import { findTarballs } from './tarballs.ts'
import { pin } from './versions.ts'

/** A user's project in a temporary folder, with packages of the npm registry and ours beside them. */
export interface HostProject {
  readonly folder: string
  /** The client of OU billing, and one of OU interns. */
  readonly alice: IssuedCertificate
  readonly mallory: IssuedCertificate
  /** What the server's certificate is verified with. */
  readonly ca: string
  write (files: Readonly<Record<string, string>>): void
  /** Runs a command to its end. */
  run (command: string, options?: CommandOptions): Promise<Outcome>
  /** Starts a server, and waits until it says that it listens. PORT names its port. */
  serve (command: string, options?: CommandOptions): Promise<HostedServer>
}

export interface CommandOptions {
  /** The Node that `node` means. Default: the one that runs the tests. */
  readonly node?: string
}

export interface Outcome { readonly code: number | null, readonly output: string }

export interface HostedServer {
  readonly port: number
  /** What it has written so far. */
  readonly output: () => string
  /** Waits for a line that it writes. */
  readonly said: (what: RegExp) => Promise<void>
  readonly stop: () => Promise<void>
}

interface ProjectOptions {
  /** Packages of versions.ts that are installed together with ours. */
  readonly packages?: readonly string[]
  /** Packages of versions.ts that are there before ours come. They decide which Fastify there is. */
  readonly first?: readonly string[]
  /** Fields of its package.json. */
  readonly manifest?: object
}

/** Makes a project that ends with the test file. Where the npm registry is out of reach the test file ends at once and says so. */
export async function makeProject ({ packages = [], first = [], manifest = {} }: ProjectOptions): Promise<HostProject> {
  const folder = mkdtempSync(join(tmpdir(), 'peerkit-host-'))
  process.once('exit', () => { rmSync(folder, { recursive: true, force: true }) })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'a-user', private: true, ...manifest }))
  if (first.length > 0) await install(folder, first.map(pin))
  await install(folder, [...packages.map(pin), ...await findTarballs()])

  const ca = await createDevCa()
  const ledger = await ca.issue({ cn: 'ledger', dns: 'localhost', ip: '127.0.0.1', profile: 'server' })
  const alice = await ca.issue({ cn: 'alice', ou: 'billing', profile: 'client' })
  const mallory = await ca.issue({ cn: 'mallory', ou: 'interns', profile: 'client' })
  const write = (files: Readonly<Record<string, string>>): void => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
  }
  write({ 'pki/root.pem': ca.root, 'ledger.pem': ledger.chain, 'ledger.key': ledger.key })
  return {
    folder,
    alice,
    mallory,
    ca: ca.root,
    write,
    run: async (command, options) => {
      const { child, output } = start(folder, command, options)
      const [code] = await once(child, 'close')
      return { code, output: output() }
    },
    serve: async (command, options) => {
      const port = await freePort()
      return await waitForServer(start(folder, command, options, { PORT: String(port) }), port)
    }
  }
}

/** Scripts of installation are left out: none of the packages needs one. */
async function install (folder: string, packages: readonly string[]): Promise<void> {
  const npm = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline']
  try {
    await run('npm', [...npm, ...packages], { cwd: folder })
  } catch (error) {
    if (process.env['PEERKIT_INTEROP_STRICT'] === '1' || await reachesRegistry(folder)) throw error
    const message = `the npm registry is out of reach: ${process.argv[1] ?? 'this file'} was not run`
    console.error(`skipped: ${message}`)
    t.plan(0, message)
    process.exit(0)
  }
}

async function reachesRegistry (folder: string): Promise<boolean> {
  return await run('npm', ['ping'], { cwd: folder }).then(() => true, () => false)
}

interface Started { readonly child: ChildProcess, readonly output: () => string }

function start (folder: string, command: string, { node = process.execPath }: CommandOptions = {}, more: NodeJS.ProcessEnv = {}): Started {
  const path = [dirname(node), join(folder, 'node_modules/.bin'), process.env['PATH']].join(delimiter)
  // tap would preload itself into every Node that is started.
  const child = spawn('sh', ['-euc', `unset NODE_OPTIONS\n${command}`], {
    cwd: folder, detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...more, PATH: path, NO_COLOR: '1', FORCE_COLOR: '0' }
  })
  let text = ''
  const add = (chunk: unknown): void => { text += String(chunk) }
  child.stdout.on('data', add)
  child.stderr.on('data', add)
  return { child, output: () => text }
}

async function waitForServer (started: Started, port: number): Promise<HostedServer> {
  const { child, output } = started
  const closed = once(child, 'close')
  const said = async (what: RegExp): Promise<void> => { await waitForLine(started, what) }
  await said(/listening/)
  return {
    port,
    output,
    said,
    stop: async () => {
      // The whole group: what a shell, npm or a command has started.
      process.kill(-child.pid!, 'SIGKILL')
      await closed
    }
  }
}

async function waitForLine ({ child, output }: Started, what: RegExp): Promise<void> {
  const streams = [child.stdout!, child.stderr!]
  await new Promise<void>((resolve, reject) => {
    const end = (settle: () => void): void => {
      for (const stream of streams) stream.off('data', look)
      child.off('close', fail)
      settle()
    }
    const look = (): void => { if (what.test(output())) end(resolve) }
    const fail = (): void => { end(() => { reject(new Error(`it ended without ${String(what)}:\n${output()}`)) }) }
    for (const stream of streams) stream.on('data', look)
    child.on('close', fail)
    look()
  })
}
