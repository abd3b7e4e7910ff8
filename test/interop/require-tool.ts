import { accessSync, constants, existsSync, globSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import t from 'tap'

// Debian keeps servers where an ordinary user's PATH does not look. What takes minutes to build is kept in the cache.
const CACHE = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'peerkit')
const BUILT = ['spire-1.13.3', 'pebble-2.10.3', 'step-ca-0.30.2', 'kubernetes-1.36.3']
const CACHED = BUILT.map((folder) => join(CACHE, folder))
const FOLDERS = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/go/bin', ...globSync('/usr/lib/postgresql/*/bin'), ...CACHED]

/** The path of a program; undefined where it is not installed. */
export function findTool (name: string): string | undefined {
  for (const folder of FOLDERS) {
    const path = join(folder, name)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {}
  }
  return undefined
}

/**
 * The path of a program that an interop test needs. Where it is missing the test file ends at once and says so; with PEERKIT_INTEROP_STRICT=1 (CI)
 * a missing program is a failure.
 */
export function requireTool (name: string): string {
  const path = findTool(name)
  return path ?? skip(name)
}

/** The same for a file that is no program: the first of these paths that is there. */
export function requireFile (name: string, paths: readonly string[]): string {
  return paths.find((path) => existsSync(path)) ?? skip(name)
}

function skip (name: string): never {
  const message = `${name} is not installed: ${process.argv[1] ?? 'this file'} was not run`
  if (process.env['PEERKIT_INTEROP_STRICT'] === '1') throw new Error(message)
  console.error(`skipped: ${message}`)
  t.plan(0, message)
  process.exit(0)
}
