import { existsSync } from 'node:fs'
import { join } from 'node:path'

const TOOLS = process.env['PEERKIT_TOOLS'] ?? join(import.meta.dirname, '../../../.ci/tools')
/** The oldest Node that is supported, and the newest line. `.ci/steps/interop` installs them. */
const VERSIONS = ['22.19.0', '26']

/** A version of Node, and the path of its program. */
export interface OtherNode { readonly version: string, readonly path: string }

/** The other versions of Node. Where one is missing it is left out; with PEERKIT_INTEROP_STRICT=1 that is a failure. */
export function findOtherNodes (): OtherNode[] {
  return VERSIONS.flatMap((version) => {
    const path = join(TOOLS, `node-${version}/node_modules/node/bin/node`)
    if (existsSync(path)) return [{ version, path }]
    const message = `Node ${version} is not in ${TOOLS}: nothing was tried with it`
    if (process.env['PEERKIT_INTEROP_STRICT'] === '1') throw new Error(message)
    console.error(`skipped: ${message}`)
    return []
  })
}
