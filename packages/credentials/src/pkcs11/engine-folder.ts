import { accessSync, constants as modes } from 'node:fs'
import { join } from 'node:path'

/** How Debian names the folders of each processor. */
const TRIPLETS: Readonly<Record<string, string>> = {
  x64: 'x86_64-linux-gnu',
  arm64: 'aarch64-linux-gnu',
  arm: 'arm-linux-gnueabihf',
  ppc64: 'powerpc64le-linux-gnu',
  riscv64: 'riscv64-linux-gnu',
  s390x: 's390x-linux-gnu'
}

/** Where systems keep the engines of OpenSSL 3: Debian and Ubuntu, Fedora and SUSE, Alpine, from source, Homebrew. */
const FOLDERS: readonly string[] = [
  `/usr/lib/${TRIPLETS[process.arch] ?? process.arch}/engines-3`,
  '/usr/lib64/engines-3',
  '/usr/lib/engines-3',
  '/usr/local/lib64/engines-3',
  '/usr/local/lib/engines-3',
  '/opt/homebrew/lib/engines-3'
]

/** What was found of the engine. */
export interface EngineFolder {
  /** The folder with the engine; undefined if it is in none. */
  readonly found: string | undefined
  readonly searched: readonly string[]
}

/**
 * Finds the folder with the engine.
 *
 * @param given the option `engines`
 * @param folders where to look otherwise
 */
export function findEngineFolder (
  given: string | undefined, folders: readonly string[] = FOLDERS
): EngineFolder {
  const named = given ?? process.env['OPENSSL_ENGINES']
  const searched = named === undefined || named === '' ? folders : [named]
  const name = process.platform === 'darwin' ? 'pkcs11.dylib' : 'pkcs11.so'
  return { found: searched.find((folder) => isReadable(join(folder, name))), searched }
}

export function isReadable (path: string): boolean {
  try {
    accessSync(path, modes.R_OK)
    return true
  } catch {
    return false
  }
}
