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
    return isThere(path, `Node ${version}`) ? [{ version, path }] : []
  })
}

/** The folder with node-webcrypto-p11, which `.ci/steps/parts` builds. Where it is missing, as above. */
export function findWebcryptoP11 (): string | undefined {
  const folder = join(TOOLS, 'pkcs11/node_modules')
  return isThere(join(folder, 'pkcs11js/build/Release/pkcs11.node'), 'node-webcrypto-p11') ? folder : undefined
}

function isThere (path: string, what: string): boolean {
  if (existsSync(path)) return true
  const message = `${what} is not in ${TOOLS}: nothing was tried with it`
  if (process.env['PEERKIT_INTEROP_STRICT'] === '1') throw new Error(message)
  console.error(`skipped: ${message}`)
  return false
}
