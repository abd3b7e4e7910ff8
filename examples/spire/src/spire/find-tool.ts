import { accessSync, constants, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

/** Where `.ci/steps/spire` builds them. */
const CACHE = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'peerkit/spire-1.13.3')

/**
 * The path of a program of SPIRE.
 *
 * @throws Error that says how to get it
 */
export function findTool (name: 'spire-server' | 'spire-agent'): string {
  for (const folder of [...(process.env['PATH'] ?? '').split(delimiter), CACHE]) {
    const path = join(folder, name)
    try {
      accessSync(path, constants.X_OK)
      if (statSync(path).isFile()) return path // a folder of that name is executable too
    } catch {}
  }
  throw new Error(`${name} is not installed. Download SPIRE 1.13 or later from https://spiffe.io/downloads and put its ` +
    'bin folder in the PATH, or run .ci/steps/spire, which builds it into ~/.cache/peerkit with Go')
}
