import { constants } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { withTimeout } from './timers.ts'

const FOUND: Readonly<Record<string, string>> = {
  EISDIR: 'a directory',
  ENXIO: 'something that is not a regular file',
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ELOOP: 'a loop of symbolic links',
  ENOTDIR: 'a file instead of a folder in the path'
}

/** Bytes read at once. */
const SLICE = 1 << 20

/** How long a file system may take, in milliseconds. One whose server is away answers never. */
const TIMEOUT = 10_000

/** Opening a named pipe without a writer would block for ever without O_NONBLOCK. Windows does not have it. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/**
 * Why a file cannot be read:
 * - `not_regular`: a folder, a named pipe, a device or a socket
 * - `too_large`: more bytes than the limit
 * - `timeout`: the file system does not answer
 * - `system`: the file system answered with an error, which is the cause
 */
export type UnreadableReason = 'not_regular' | 'too_large' | 'timeout' | 'system'

/** A file that cannot be read within the limits. */
export class FileUnreadableError extends Error {
  readonly code: 'FILE_UNREADABLE' = 'FILE_UNREADABLE'
  /** What was found instead of a file within the limits, in words. */
  readonly found: string
  readonly reason: UnreadableReason

  constructor (reason: UnreadableReason, found: string, options?: ErrorOptions) {
    super(`found ${found}`, options)
    this.found = found
    this.reason = reason
  }
}

export interface ReadLimits {
  /** The most bytes of the file. */
  readonly maxBytes: number
  /** Milliseconds. Default 10,000. */
  readonly timeout?: number
  /** Ends the wait, when nobody needs the file any more. */
  readonly signal?: AbortSignal | undefined
  /** Reads the file. Default: from the file system. */
  readonly read?: typeof readRegular
}

/** Reads that took too long and still run. Each occupies one of the few threads of Node's file system calls. */
const stuck = new Map<string, Promise<unknown>>()

/**
 * Reads a whole file. It has to be a regular file: a named pipe or a device may have no end, or never answer.
 *
 * @throws FileUnreadableError, or the reason of the signal
 */
export async function readBounded (path: string, limits: ReadLimits): Promise<Buffer> {
  const { maxBytes, timeout = TIMEOUT, signal, read = readRegular } = limits
  if (stuck.has(path)) throw new FileUnreadableError('timeout', 'a file system that does not answer')
  let reading: Promise<Buffer> | undefined
  const start = async (): Promise<Buffer> => {
    reading = read(path, maxBytes)
    return await reading
  }
  return await withTimeout(start, {
    timeout,
    signal,
    onTimeout: () => {
      stuck.set(path, (reading as Promise<Buffer>).catch(() => {}).finally(() => { stuck.delete(path) }))
      throw new FileUnreadableError('timeout', `a file system that does not answer within ${timeout} ms`)
    }
  })
}

/** @throws FileUnreadableError */
async function readRegular (path: string, maxBytes: number): Promise<Buffer> {
  try {
    // Before it is opened: some devices do something when they are opened.
    checkKind(await stat(path))
    const handle = await open(path, READ)
    try {
      const info = await handle.stat()
      checkKind(info)
      if (info.size > maxBytes) {
        throw new FileUnreadableError('too_large', `${info.size} bytes (at most ${maxBytes})`)
      }
      return await readBytes(handle, info.size)
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (error instanceof FileUnreadableError) throw error
    const { code = '' } = error as NodeJS.ErrnoException
    throw new FileUnreadableError('system', FOUND[code] ?? (code || 'an unknown error'), { cause: error })
  }
}

function checkKind (info: { isFile (): boolean, isDirectory (): boolean }): void {
  if (!info.isFile()) {
    const found = info.isDirectory() ? 'a directory' : 'something that is not a regular file'
    throw new FileUnreadableError('not_regular', found)
  }
}

/** Reads `size` bytes. A file that grows meanwhile is read again. `readFile` would copy large files at once. */
async function readBytes (handle: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(size)
  let length = 0
  while (length < size) {
    const { bytesRead } = await handle.read(bytes, length, Math.min(SLICE, size - length), length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return bytes.subarray(0, length)
}
