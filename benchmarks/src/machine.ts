import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { cpus, loadavg, release, totalmem, type } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Machine } from './benchmark.ts'

// Debian installs servers in folders that are not in the PATH of ordinary users.
const FOLDERS = ['/usr/sbin', '/usr/local/sbin']
const VERSIONS: Readonly<Record<string, readonly string[]>> = {
  nginx: ['-v'],
  haproxy: ['-v'],
  envoy: ['--version'],
  ghostunnel: ['--version'],
  stunnel: ['-version'],
  openssl: ['version']
}

/** The path of a program; undefined if it is not installed. */
export function findProgram (name: string): string | undefined {
  for (const folder of [...(process.env['PATH'] ?? '').split(delimiter), ...FOLDERS]) {
    const path = join(folder, name)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {}
  }
  return undefined
}

export function describeMachine (loadBefore: readonly number[]): Machine {
  return {
    node: process.version,
    openssl: process.versions.openssl,
    cores: cpus().length,
    model: cpus()[0]?.model ?? 'unknown',
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${type()} ${release()}`,
    loadBefore,
    loadAfter: loadavg(),
    programs: Object.fromEntries(Object.entries(VERSIONS).flatMap(([name, args]) => {
      const path = findProgram(name)
      return path === undefined ? [] : [[name, askVersion(path, args)]]
    }))
  }
}

function askVersion (path: string, args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(path, args, { encoding: 'utf8', timeout: 5_000 })
  const lines = `${stdout ?? ''}\n${stderr ?? ''}`
    .replaceAll(path, '')
    .split('\n')
    .filter((line) => /\d+\.\d+/.test(line))
  return /\d+\.\d+[\w.+-]*/.exec(lines[0] ?? '')?.[0] ?? 'unknown'
}
