import { realpath, stat } from 'node:fs/promises'

/** One file as far as it can be told without reading it. A file that is missing has a state too. */
export interface FileState {
  /** Real path (Kubernetes swaps a symbolic link above the file) and inode. */
  readonly place: string
  /** Size and times. */
  readonly version: string
  /** When it was last changed, in milliseconds since the epoch by the file system's clock; 0 where there is no file. */
  readonly changed: number
}

/** All files together: what tells one state of them from another. */
export interface Signature {
  readonly text: string
  readonly files: ReadonlyMap<string, FileState>
}

export async function readSignature (paths: readonly string[]): Promise<Signature> {
  const states = await Promise.all(paths.map(readState))
  return {
    text: states.map(describe).join('\n'),
    files: new Map(paths.map((path, index) => [path, states[index] as FileState]))
  }
}

export function describe ({ place, version }: FileState): string {
  return `${place} ${version}`
}

/** Whether a file was written to where it lies, and not replaced by another: it may be half written. */
export function isRewritten (before: Signature, after: Signature): boolean {
  return [...after.files].some(([path, { place, version }]) => {
    const old = before.files.get(path)
    return old !== undefined && old.place === place && old.version !== version
  })
}

async function readState (path: string): Promise<FileState> {
  try {
    const real = await realpath(path)
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(real, { bigint: true })
    return { place: `${real}:${dev}:${ino}`, version: `${size}:${mtimeNs}:${ctimeNs}`, changed: Number(ctimeNs / 1_000_000n) }
  } catch (error) {
    return { place: `${path}:${(error as NodeJS.ErrnoException).code ?? 'unreadable'}`, version: '', changed: 0 }
  }
}
