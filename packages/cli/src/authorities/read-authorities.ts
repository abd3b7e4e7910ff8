import { dirname, resolve } from 'node:path'
import { parsePeerIdentity } from '@peerkit/identity'
import { UsageError } from '../usage-error.ts'
import { readBytes } from '../read-bytes.ts'
import { shown } from '../shown.ts'
import { readAuthorityEntry } from './authority-entry.ts'
import type { AuthorityEntry, AuthorityPart } from './authority-entry.ts'
import { readAuthorityFiles } from './authority-file.ts'
import type { AuthorityFile, AuthorityPlace } from './authority-file.ts'
import type { NamedAuthority } from './named-authority.ts'

const EXPECTED = 'JSON of authorities by name, such as { "internal": { "ca": "ca.pem" } }'

/**
 * Reads a file of `--authorities`: the option `authorities` of the credentials as JSON, with paths relative to the
 * file.
 *
 * @throws UsageError
 */
export async function readAuthorities (path: string): Promise<readonly NamedAuthority[]> {
  const file = `--authorities ${path}`
  const given = Object.entries(parse(await readBytes(path, '--authorities ', EXPECTED), file))
  if (given.length === 0) throw new UsageError(`${file}: found no authority; expected ${EXPECTED}`)
  // All settings are checked before the files are read.
  const entries = given.map(([name, value]) => readAuthorityEntry(name, value, file, given.length === 1))
  const authorities = await Promise.all(entries.map(async (entry) => await readFiles(entry, dirname(path), file)))
  refuseSharedCas(authorities, file)
  return authorities
}

function parse (bytes: Uint8Array, file: string): object {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch (error) {
    throw new UsageError(`${file}: ${shown((error as Error).message)}; expected ${EXPECTED}`)
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  const found = Array.isArray(value) ? 'a list' : value === null ? 'null' : `a ${typeof value}`
  throw new UsageError(`${file}: found ${found}; expected ${EXPECTED}`)
}

async function readFiles (entry: AuthorityEntry, folder: string, file: string): Promise<NamedAuthority> {
  const { paths, ...settings } = entry
  const resolved = (part: AuthorityPart): string[] => paths[part].map((path) => resolve(folder, path))
  const read = async (part: AuthorityPart, option: AuthorityPlace['option']): Promise<readonly AuthorityFile[]> => {
    return await readAuthorityFiles(resolved(part), { where: `${file}, ${entry.name}.${part} `, option, roots: 'ca' })
  }
  return {
    ...settings,
    ca: await read('ca', 'ca'),
    known: [...await read('intermediates', 'intermediates'), ...await read('crlIssuers', 'crlIssuers')],
    crlPaths: resolved('crl')
  }
}

/** A CA may not be in two authorities: it would be unclear which names apply. */
function refuseSharedCas (authorities: readonly NamedAuthority[], file: string): void {
  const owners = new Map<string, string>()
  for (const { name, ca } of authorities) {
    for (const der of ca.flatMap(({ certificates }) => certificates)) {
      const identity = parsePeerIdentity(der)
      const key = `${identity.publicKey256 ?? ''} ${String(identity.subject)}`
      const owner = owners.get(key)
      if (owner !== undefined && owner !== name) {
        const found = `${shown(String(identity))} in "${owner}" and in "${name}"`
        throw new UsageError(`${file}: found ${found}; expected each CA in one authority`)
      }
      owners.set(key, name)
    }
  }
}
