import { dirname, resolve } from 'node:path'
import { parsePeerIdentity } from '@peerkit/identity'
import type { RuleAuthority } from '@peerkit/rules'
import { UsageError } from '../command.ts'
import { readBytes } from '../files/read-bytes.ts'
import { shown } from '../output.ts'
import { readAuthorityEntry } from './authority-entry.ts'
import type { AuthorityEntry, AuthorityPart } from './authority-entry.ts'
import { readAuthorityFiles } from './authority-files.ts'
import type { AuthorityFile, AuthorityFiles, AuthorityPlace } from './authority-files.ts'

/** An authority with its settings and the certificates of its files. */
export interface NamedAuthority extends Omit<AuthorityEntry, 'paths'>, AuthorityFiles {}

/** Whose certificates are verified. */
export type Side = 'clients' | 'servers' | 'both'

export function vouchesFor ({ use }: Pick<NamedAuthority, 'use'>, side: Side): boolean {
  return use === 'both' || side === 'both' || use === side
}

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

/**
 * A CA may not be in two authorities: it would be unclear which names apply. Two for X.509-SVIDs of different trust
 * domains may share one.
 */
function refuseSharedCas (authorities: readonly NamedAuthority[], file: string): void {
  const owners = new Map<string, NamedAuthority[]>()
  for (const authority of authorities) {
    const { name, ca } = authority
    for (const der of ca.flatMap(({ certificates }) => certificates)) {
      const identity = parsePeerIdentity(der)
      const key = `${identity.publicKey256 ?? ''} ${String(identity.subject)}`
      const others = owners.get(key) ?? []
      const owner = others.find((other) => other !== authority && !isApart(other, authority))
      if (owner !== undefined) {
        const found = `${shown(String(identity))} in "${owner.name}" and in "${name}"`
        throw new UsageError(`${file}: found ${found}; expected each CA in one authority`)
      }
      owners.set(key, [...others, authority])
    }
  }
}

/** Whether no certificate can be of both authorities. */
function isApart (one: NamedAuthority, other: NamedAuthority): boolean {
  return one.spiffeOnly && other.spiffeOnly && !one.bounds.overlapsSpiffe(other.bounds)
}

/** Converts authorities for the check of rules about one side. */
export function ruleAuthoritiesOf (authorities: readonly NamedAuthority[], side: Side): readonly RuleAuthority[] {
  return authorities.map(({ name, bounds, use }) => ({
    name,
    only: use === 'both' || vouchesFor({ use }, side) ? undefined : use,
    vouchesFor: (kind) => bounds.vouchesFor(kind),
    mayClaim: (kind, value) => bounds.mayClaim(kind, value)
  }))
}
