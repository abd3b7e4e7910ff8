import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { UsageError } from '../command.ts'

/** The largest certificate file. A bundle of all public CAs has a quarter of it. */
const MAX_OCTETS = 1 << 20
/** The largest CRL, of three million entries. */
export const MAX_CRL: number = 1 << 27
/** The file name of standard input. */
export const STANDARD_INPUT = '-'

/**
 * Reads a file, or standard input for `-`. It never reads more than `most` bytes, so a device or a pipe without an end
 * is refused too.
 *
 * @param argument the option, for messages: `--cert `
 * @param expected what the file should have, for messages
 * @param most the largest size, in bytes; default 1 MiB
 * @throws UsageError
 */
export async function readBytes (
  path: string,
  argument: string,
  expected: string,
  most: number = MAX_OCTETS
): Promise<Uint8Array> {
  const where = `${argument}${path}`
  const tooLarge = (size: string): UsageError =>
    new UsageError(`${where}: found ${size} bytes; expected ${expected}, of at most ${most} bytes`)
  try {
    if (path === STANDARD_INPUT) {
      if (process.stdin.readableEnded) {
        throw new UsageError(`${where}: found standard input, which was read already; expected it for one file`)
      }
      return await readWhole(process.stdin, most, tooLarge)
    }
    const stats = await stat(path)
    if (stats.isDirectory()) throw new UsageError(`${where}: found a folder; expected ${expected}`)
    if (stats.size > most) throw tooLarge(String(stats.size))
    return await readWhole(createReadStream(path), most, tooLarge)
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`${where}: ${describeFileError(error)}; expected ${expected}`)
  }
}

async function readWhole (
  stream: Readable, most: number, tooLarge: (size: string) => UsageError
): Promise<Uint8Array> {
  const parts: Buffer[] = []
  let length = 0
  // Throwing out of the loop destroys the stream.
  for await (const part of stream as AsyncIterable<Buffer>) {
    length += part.length
    if (length > most) throw tooLarge(`more than ${most}`)
    parts.push(part)
  }
  return Buffer.concat(parts)
}

/** Why a file could not be read. */
export function describeFileError (error: unknown): string {
  const { code = 'unreadable' } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'found no such file'
  return code === 'EISDIR' ? 'found a folder' : code
}
