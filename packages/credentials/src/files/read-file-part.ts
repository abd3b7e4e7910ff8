import { open, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { MAX_CRL_BYTES } from '@peerkit/revocation'
import { unavailable } from '../errors.ts'
import type { FilePart } from './file-paths.ts'

const NEEDED: Readonly<Record<FilePart, string>> = {
  cert: 'a PEM certificate', key: 'a PEM private key', pfx: 'PKCS#12', ca: 'PEM CA certificates', crl: 'a CRL, PEM or DER', crlIssuers: 'PEM CA certificates', intermediates: 'PEM CA certificates'
}
const FOUND: Readonly<Record<string, string>> = {
  ENOENT: 'no such file', EACCES: 'permission denied', EPERM: 'permission denied', ELOOP: 'a circle of symbolic links', ENOTDIR: 'a file where a folder should be'
}

/** Octets of one file: far beyond any bundle of public roots. */
const MAX_FILE_BYTES = 8 << 20

/** Octets read at once. */
const SLICE = 1 << 20

/** Reads one file. @throws MTLS_ERR_CREDENTIALS_UNAVAILABLE naming the option, the file, what was found and what was expected there */
export async function readFilePart (part: FilePart, path: string, authority?: string): Promise<Buffer> {
  const name = authority === undefined ? part : `authorities.${authority}.${part}`
  const fail = (found: string, cause?: unknown): Error => unavailable('file', `${name} (${path}): found ${found}; expected ${NEEDED[part]}`, cause)
  const limit = part === 'crl' ? MAX_CRL_BYTES : MAX_FILE_BYTES
  try {
    // Before it is opened: a named pipe without a writer would never open.
    const info = await stat(path)
    if (!info.isFile()) throw fail(info.isDirectory() ? 'a directory' : 'something that is no regular file')
    if (info.size > limit) throw fail(`${info.size} octets (at most ${limit})`)
    const handle = await open(path)
    try {
      return await readBytes(handle, info.size)
    } finally {
      await handle.close()
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw code === 'MTLS_ERR_CREDENTIALS_UNAVAILABLE' ? error : fail(FOUND[code ?? ''] ?? code ?? 'an unknown failure', error)
  }
}

/** As many octets as there were: a file that grows meanwhile is read again. Not readFile, which copies large files together at once. */
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
