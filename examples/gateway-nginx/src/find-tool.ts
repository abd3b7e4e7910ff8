import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** @throws Error that says how to get nginx */
export function findNginx (): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  // Debian keeps servers in a folder that an ordinary user's PATH does not have.
  for (const folder of folders.flatMap((one) => one === '/usr/bin' ? [one, '/usr/sbin'] : [one])) {
    const path = join(folder, 'nginx')
    try {
      accessSync(path, constants.X_OK)
      if (statSync(path).isFile()) return path // a folder of that name is executable too
    } catch {}
  }
  throw new Error('nginx is not installed: apt install nginx-light, or brew install nginx')
}
