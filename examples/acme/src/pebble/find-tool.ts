import { accessSync, constants, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

/** Where `.ci/steps/pebble` builds them. */
const CACHE = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'peerkit/pebble-2.10.3')

/**
 * The path of a program of Pebble.
 *
 * @throws Error that says how to get it
 */
export function findTool (name: 'pebble' | 'pebble-challtestsrv'): string {
  for (const folder of [...(process.env['PATH'] ?? '').split(delimiter), CACHE]) {
    const path = join(folder, name)
    try {
      accessSync(path, constants.X_OK)
      if (statSync(path).isFile()) return path // a folder of that name is executable too
    } catch {}
  }
  throw new Error(`${name} is not installed. Run .ci/steps/pebble, which builds it into ~/.cache/peerkit with Go (a ` +
    `minute of CPU time, once), or: go install github.com/letsencrypt/pebble/v2/cmd/${name}@latest`)
}
