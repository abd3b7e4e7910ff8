import { randomUUID } from 'node:crypto'
import { access, link, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { MTLS_ERR_DEV_CA_STATE } from './errors.ts'

export interface PlaceOptions { /** Default 0644; keys get 0600. */ readonly mode?: number, /** Take the place of a file that is there. */ readonly force?: boolean }

/** Writes a file whole or not at all: beside its place first, then by rename. @throws MTLS_ERR_DEV_CA_STATE where a file is there already */
export async function placeFile (path: string, text: string, { mode = 0o644, force = false }: PlaceOptions = {}): Promise<void> {
  if (!force && await exists(path)) throw fileIsThere(path)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  // A name of its own, and never a file that is there: that one's mode would stay.
  const beside = `${path}.${randomUUID()}.new`
  await writeFile(beside, text, { mode, flag: 'wx' })
  if (force) return await rename(beside, path)
  try {
    // A link takes no file's place, though one was put there since we looked.
    await link(beside, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw fileIsThere(path)
    // A file system without links.
    return await rename(beside, path)
  } finally {
    await rm(beside, { force: true })
  }
}

export function fileIsThere (path: string): Error {
  return new MTLS_ERR_DEV_CA_STATE(`${path} is there already; use --force to replace it`)
}

export async function exists (path: string): Promise<boolean> {
  return await access(path).then(() => true, () => false)
}
