import { realpath, stat } from 'node:fs/promises'

/**
 * Says whether files changed, without reading them: the real path (Kubernetes swaps a symbolic link above the file), inode, size and times of each.
 * A file that is missing has a signature too.
 */
export async function readSignature (paths: readonly string[]): Promise<string> {
  const parts = await Promise.all(paths.map(async (path) => {
    try {
      const real = await realpath(path)
      const { ino, size, mtimeNs, ctimeNs } = await stat(real, { bigint: true })
      return `${real}:${ino}:${size}:${mtimeNs}:${ctimeNs}`
    } catch (error) {
      return `${path}:${(error as NodeJS.ErrnoException).code ?? 'unreadable'}`
    }
  }))
  return parts.join('\n')
}
