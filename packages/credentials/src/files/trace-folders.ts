import { lstat, readlink } from 'node:fs/promises'
import { dirname, join, parse, resolve, sep } from 'node:path'

/** As many links as Linux itself follows. */
const MAX_LINKS = 40

/** A real folder on the way to a file, or the file itself. */
export interface TracedFolder {
  /** The entries whose change may change what the path means. */
  readonly names: Set<string>
  /** Whether one of them is the file, a link, or missing; the others are plain folders, which are rarely swapped. */
  decisive: boolean
}

/**
 * The folders whose entries decide what a path means: it is followed name by name from the root, through every symbolic link. In a Kubernetes volume that is
 * `tls.crt` and `..data` in the folder itself and `tls.crt` in the folder of this version. Ends early where something is missing: that folder is watched for its coming.
 * The file itself is named last: where it is mounted by itself (as Docker does with secrets), or has another link, it is written to without its folder hearing of it.
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

function addName (folders: Map<string, TracedFolder>, folder: string, { name, decisive }: { name: string, decisive: boolean }): void {
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
