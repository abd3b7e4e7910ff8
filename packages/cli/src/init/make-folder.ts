import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Makes a folder and those above it, unless they are there. Node's own `recursive` never ends in `/proc`.
 *
 * @throws NodeJS.ErrnoException if one cannot be made, for example because its name is that of a file or of a link to
 *   nothing
 */
export async function makeFolder (folder: string): Promise<void> {
  try {
    await mkdir(folder)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && (await stat(folder)).isDirectory()) return
    const above = dirname(folder)
    if (code !== 'ENOENT' || above === folder) throw error
    await makeFolder(above)
    await mkdir(folder)
  }
}
