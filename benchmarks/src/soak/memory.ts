import { readFile } from 'node:fs/promises'

/** The memory of this process after a garbage collection, in octets. */
export interface Memory {
  /** Objects and buffers. */
  readonly heap: number
  /** The whole process. The system takes the pages of files from it, and gives them back, as it likes. */
  readonly rss: number
  /** The process without pages of files: heap, buffers, OpenSSL, stacks, and what glibc keeps. */
  readonly anonymous: number
}

/** Collects garbage first, if Node was started with `--expose-gc`. */
export async function readMemory (): Promise<Memory> {
  const { gc } = globalThis as { gc?: () => void }
  for (let turn = 0; turn < 3; turn += 1) {
    gc?.()
    await new Promise((resolve) => { setImmediate(resolve) })
  }
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heap: heapUsed + external, rss, anonymous: await readAnonymous() ?? rss }
}

/** Undefined where there is no such file: on systems other than Linux. */
async function readAnonymous (): Promise<number | undefined> {
  const text = await readFile('/proc/self/status', 'utf8').catch(() => '')
  const [, kilobytes] = /^RssAnon:\s+(\d+) kB$/m.exec(text) ?? []
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1_024
}
