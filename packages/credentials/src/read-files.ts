import { readFile } from 'node:fs/promises'
import { MTLS_ERR_CREDENTIALS_UNAVAILABLE } from './errors.ts'
import type { FilePaths } from './file-paths.ts'
import type { CredentialMaterial } from './material.ts'
import { listOf } from './material.ts'

const NEEDED: Readonly<Record<keyof FilePaths, string>> = {
  cert: 'a PEM certificate', key: 'a PEM private key', ca: 'PEM CA certificates', crl: 'a CRL, PEM or DER'
}

/** Reads every part. @throws MTLS_ERR_CREDENTIALS_UNAVAILABLE naming the option, the file and what was expected there */
export async function readFiles (paths: FilePaths): Promise<CredentialMaterial> {
  const read = async (option: keyof FilePaths, path: string): Promise<Buffer> => {
    try {
      return await readFile(path)
    } catch (error) {
      const { code = 'unknown' } = error as NodeJS.ErrnoException
      const found = { ENOENT: 'no such file', EACCES: 'permission denied', EISDIR: 'a directory' }[code] ?? code
      throw Object.assign(new MTLS_ERR_CREDENTIALS_UNAVAILABLE(`${option} "${path}": found ${found}; expected ${NEEDED[option]}`), { cause: error })
    }
  }
  const all = async (option: keyof FilePaths): Promise<Buffer[]> => await Promise.all(listOf(paths[option]).map((path) => read(option, path)))
  const [[cert = Buffer.alloc(0)], [key], ca, crl] = await Promise.all([all('cert'), all('key'), all('ca'), all('crl')])
  return { cert, key, ca, crl: crl.map(toCrl) }
}

/** DER begins with a SEQUENCE; all else is taken for PEM text. */
function toCrl (bytes: Buffer): string | Uint8Array {
  return bytes[0] === 0x30 ? bytes : bytes.toString('latin1')
}
