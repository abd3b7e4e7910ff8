import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { MAX_CRL_BYTES } from '@peerkit/revocation'
import { unavailable } from '../errors.ts'
import type { FilePart } from './file-paths.ts'

const NEEDED: Readonly<Record<FilePart, string>> = {
  cert: 'a PEM certificate',
  key: 'a PEM private key',
  pfx: 'PKCS#12',
  ca: 'PEM CA certificates',
  crl: 'a CRL, PEM or DER',
  crlIssuers: 'PEM CA certificates',
  intermediates: 'PEM CA certificates'
}
const FOUND: Readonly<Record<string, string>> = {
  EISDIR: 'a directory',
  ENXIO: 'something that is not a regular file',
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ELOOP: 'a loop of symbolic links',
  ENOTDIR: 'a file instead of a folder in the path'
}

/** The most bytes of one file: far more than any bundle of public roots. */
const MAX_FILE_BYTES = 8 << 20

/** Bytes read at once. */
const SLICE = 1 << 20

/** Opening a named pipe without a writer would block for ever without O_NONBLOCK. Windows does not have it. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/**
 * Reads one file.
 *
 * @throws MTLS_ERR_CREDENTIALS_UNAVAILABLE naming the option, the file, what was found and what was expected there
 */
export async function readFilePart (part: FilePart, path: string, authority?: string): Promise<Buffer> {
  const name = authority === undefined ? part : `authorities.${authority}.${part}`
  const fail = (found: string, cause?: unknown): Error =>
    unavailable('file', `${name} (${path}): found ${found}; expected ${NEEDED[part]}`, cause)
  const limit = part === 'crl' ? MAX_CRL_BYTES : MAX_FILE_BYTES
  try {
    const handle = await open(path, READ)
    try {
      const info = await handle.stat()
      if (!info.isFile()) throw fail(info.isDirectory() ? 'a directory' : 'something that is not a regular file')
      if (info.size > limit) throw fail(`${info.size} bytes (at most ${limit})`)
      return await readBytes(handle, info.size)
    } finally {
      await handle.close()
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'MTLS_ERR_CREDENTIALS_UNAVAILABLE') throw error
    throw fail(FOUND[code ?? ''] ?? code ?? 'an unknown error', error)
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
