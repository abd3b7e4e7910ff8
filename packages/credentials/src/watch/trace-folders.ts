import { lstat, readlink } from 'node:fs/promises'
import { dirname, join, parse, resolve, sep } from 'node:path'

/** The limit of Linux. */
const MAX_LINKS = 40

/** A real folder on the way to a file, or the file itself. */
export interface TracedFolder {
  /** The entries that decide what the path means. */
  readonly names: Set<string>
  /** Whether one of them is the file, a link or missing. The others are plain folders, which are rarely swapped. */
  decisive: boolean
}

/**
 * Lists the folders whose entries decide what a path means. The path is resolved name by name from the root, through
 * every symbolic link. In a Kubernetes volume these are `tls.crt` and `..data` in the folder, and `tls.crt` in the
 * folder of the version. It ends early at a missing entry: then that folder is watched. The file itself is the last
 * one: if it is mounted separately (Docker secrets) or has another hard link, writing to it causes no event in its
 * folder.
 */
export async function traceFolders (path: string): Promise<Map<string, TracedFolder>> {
  const folders = new Map<string, TracedFolder>()
  const absolute = resolve(path)
  let at = parse(absolute).root
  let names = split(absolute)
  let links = 0
  for (let name = names.shift(); name !== undefined && links <= MAX_LINKS; name = names.shift()) {
    if (name === '..') {
      at = dirname(at)
      continue
    }
    const entry = join(at, name)
    const kind = await readKind(entry)
    addName(folders, at, { name, decisive: kind !== 'folder' })
    if (kind === 'missing') break
    if (kind === 'file' && names.length === 0) addName(folders, entry, { name, decisive: false })
    if (kind === 'folder' || kind === 'file') {
      at = entry
      continue
    }
    links += 1
    const { root } = parse(kind.target)
    if (root !== '') at = root
    names = [...split(kind.target), ...names]
  }
  return folders
}

function addName (
  folders: Map<string, TracedFolder>, folder: string, { name, decisive }: { name: string, decisive: boolean }
): void {
  const traced = folders.get(folder) ?? { names: new Set(), decisive: false }
  traced.names.add(name)
  traced.decisive ||= decisive
  folders.set(folder, traced)
}

function split (path: string): string[] {
  return path.slice(parse(path).root.length).split(sep).filter((name) => name !== '' && name !== '.')
}

async function readKind (path: string): Promise<'folder' | 'file' | 'missing' | { target: string }> {
  try {
    const info = await lstat(path)
    return info.isSymbolicLink() ? { target: await readlink(path) } : info.isDirectory() ? 'folder' : 'file'
  } catch (error) {
    // Node's permission model hides the folders above those that it grants.
    return (error as NodeJS.ErrnoException).code === 'ERR_ACCESS_DENIED' ? 'folder' : 'missing'
  }
}
