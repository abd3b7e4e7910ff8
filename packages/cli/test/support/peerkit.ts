import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { runPeerkit } from '../../src/run-peerkit.ts'

export interface Run { readonly code: number | null, readonly out: string, readonly err: string }

const CLI = join(import.meta.dirname, '../../bin/peerkit.js')

/** Runs the command itself, as a process of its own. */
export async function peerkit (...args: readonly string[]): Promise<Run> {
  return await peerkitReading(new Uint8Array(), ...args)
}

/** The same with this standard input. */
export async function peerkitReading (input: string | Uint8Array, ...args: readonly string[]): Promise<Run> {
  // Without the hooks that tap loads into processes of its tests: they take longer than the command.
  return await new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--conditions=@peerkit/source', CLI, ...args], { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, NODE_OPTIONS: '' } })
    // Most commands do not read it.
    child.stdin.on('error', () => {}).end(input)
    let out = ''
    let err = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => { out += text })
    child.stderr.setEncoding('utf8').on('data', (text: string) => { err += text })
    child.once('error', reject)
    child.once('close', (code) => { resolve({ code, out, err }) })
  })
}

/** Runs it in this process: for command lines that come to nothing, and where the test holds the time limits. */
export async function peerkitHere (...args: readonly string[]): Promise<Run> {
  let out = ''
  let err = ''
  const code = await runPeerkit(args, { out: (text) => { out += text }, err: (text) => { err += text } })
  return { code, out, err }
}
