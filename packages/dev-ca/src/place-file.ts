import { randomUUID } from 'node:crypto'
import { access, link, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { MTLS_ERR_DEV_CA_STATE } from './errors.ts'

export interface PlaceOptions {
  /** Default 0644. Keys have 0600. */
  readonly mode?: number
  /** Replace an existing file. */
  readonly force?: boolean
}

/** Writes a file atomically: a temporary file first, then a rename. @throws MTLS_ERR_DEV_CA_STATE if the file exists */
export async function placeFile (
  path: string,
  text: string,
  { mode = 0o644, force = false }: PlaceOptions = {}
): Promise<void> {
  if (!force && await exists(path)) throw fileIsThere(path)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  // A new file, because an existing file would keep its mode.
  const temporary = `${path}.${randomUUID()}.new`
  await writeFile(temporary, text, { mode, flag: 'wx' })
  if (force) return await rename(temporary, path)
  try {
    // A link fails if the file was created in the meantime.
    await link(temporary, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw fileIsThere(path)
    // The file system has no links.
    return await rename(temporary, path)
  } finally {
    await rm(temporary, { force: true })
  }
}

export function fileIsThere (path: string): Error {
  return new MTLS_ERR_DEV_CA_STATE(`${path} exists; use --force to replace it`)
}

export async function exists (path: string): Promise<boolean> {
  return await access(path).then(() => true, () => false)
}
