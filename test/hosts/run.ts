// Packs every package once, and runs the tests of the hosts on the tarballs: all of them, or those that are named.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packAll } from '../packed/pack.ts'

const folder = mkdtempSync(join(tmpdir(), 'peerkit-tarballs-'))
await packAll(folder)
const named = process.argv.slice(2)
const files = named.length > 0 ? named : ['hosts/*.hosts.ts']
const child = spawn('tap', ['--timeout=600', '--jobs=2', ...files], { stdio: 'inherit', shell: true, env: { ...process.env, PEERKIT_TARBALLS: folder } })
const [code] = await once(child, 'close')
rmSync(folder, { recursive: true, force: true })
process.exitCode = code ?? 1
