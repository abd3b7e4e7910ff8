import { readSignature } from './file-signature.ts'
import type { Signature } from './file-signature.ts'

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
