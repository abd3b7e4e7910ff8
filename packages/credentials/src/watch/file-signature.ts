import { realpath, stat } from 'node:fs/promises'

/** The state of one file without its contents. A missing file has a state too. */
interface FileState {
  /** Real path (Kubernetes swaps a symbolic link above the file), device and inode. */
  readonly place: string
  /** Size and times. */
  readonly version: string
  /** When it was last changed, in ms since the epoch by the clock of the file system; 0 if there is no file. */
  readonly changed: number
}

/** The state of several files. */
export interface Signature {
  readonly text: string
  readonly files: ReadonlyMap<string, FileState>
}

export async function readSignature (paths: readonly string[]): Promise<Signature> {
  const states = await Promise.all(paths.map(readState))
  return makeSignature(paths.map((path, index) => [path, states[index] as FileState]))
}

/** The signature of some of the files. */
export function pickFiles ({ files }: Signature, paths: readonly string[]): Signature {
  return makeSignature(paths.map((path) => [path, files.get(path) as FileState]))
}

function makeSignature (files: ReadonlyArray<[string, FileState]>): Signature {
  return { text: files.map(([, state]) => describe(state)).join('\n'), files: new Map(files) }
}

export function describe ({ place, version }: FileState): string {
  return `${place} ${version}`
}

/** Whether a file was written in place instead of being replaced. It may be half written. */
function isRewritten (before: Signature, after: Signature): boolean {
  return [...after.files].some(([path, { place, version }]) => {
    const old = before.files.get(path)
    return old !== undefined && old.place === place && old.version !== version
  })
}

/** A state of files, and since when they have it, by `performance.now()`. */
export interface Seen {
  readonly signature: Signature
  readonly at: number
}

/** Notes the state of files now. @param before how they were seen the last time */
export function see (signature: Signature, before: Seen | undefined): Seen {
  return before?.signature.text === signature.text ? before : { signature, at: performance.now() }
}

/** How long files must stay unchanged before they are read, in milliseconds. */
export interface Stillness {
  readonly still: number
  /** The same for a file that is written in place: the writer may pause in the middle. */
  readonly inPlace: number
}

/**
 * Returns the milliseconds until files count as written completely.
 *
 * @param processed their state when they were read the last time
 */
export function untilStill (
  { signature, at }: Seen, processed: Signature | undefined, { still, inPlace }: Stillness
): number {
  const wait = processed !== undefined && isRewritten(processed, signature) ? inPlace : still
  return at + wait - performance.now()
}

async function readState (path: string): Promise<FileState> {
  try {
    const real = await realpath(path)
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(real, { bigint: true })
    return {
      place: `${real}:${dev}:${ino}`,
      version: `${size}:${mtimeNs}:${ctimeNs}`,
      changed: Number(ctimeNs / 1_000_000n)
    }
  } catch (error) {
    return { place: `${path}:${(error as NodeJS.ErrnoException).code ?? 'unreadable'}`, version: '', changed: 0 }
  }
}

/** The most times that files are read again at once because they changed while they were read. */
const ATTEMPTS = 20

/** What was read, and the state of the files while they were read. */
export interface ReadStill<Content> {
  readonly content: Content
  readonly signature: Signature
}

export interface ReadStillOptions<Content> {
  /** Reads files in a certain state. */
  readonly load: (signature: Signature) => Promise<Content>
  /** Called after each reading; `wasStill` says whether the files did not change meanwhile. */
  readonly onRead?: (content: Content, wasStill: boolean) => void
  /** Releases what was read from files that changed meanwhile. */
  readonly discard?: (content: Content) => void
}

/**
 * Reads files. If one of them changes meanwhile, reads all of them again: the contents may be a mix of two versions.
 */
export async function readStill<Content> (
  paths: readonly string[], { load, onRead, discard }: ReadStillOptions<Content>
): Promise<ReadStill<Content>> {
  for (let attempt = 1; ; attempt += 1) {
    const signature = await readSignature(paths)
    const isStill = async (): Promise<boolean> => (await readSignature(paths)).text === signature.text
    try {
      const content = await load(signature)
      const wasStill = await isStill()
      onRead?.(content, wasStill)
      if (wasStill || attempt >= ATTEMPTS) return { content, signature }
      discard?.(content)
    } catch (error) {
      if (attempt >= ATTEMPTS || await isStill()) throw error
    }
  }
}
