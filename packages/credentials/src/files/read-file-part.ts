import { MAX_CRL_BYTES } from '@peerkit/revocation'
import { unavailable } from '../errors.ts'
import { readBounded } from '../watch/read-bounded.ts'
import type { FileUnreadableError } from '../watch/read-bounded.ts'
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

/** The most bytes of one file: far more than any bundle of public roots. */
const MAX_FILE_BYTES = 8 << 20

/**
 * Reads one file.
 *
 * @throws MTLS_ERR_CREDENTIALS_UNAVAILABLE naming the option, the file, what was found and what was expected there
 */
export async function readFilePart (part: FilePart, path: string, authority?: string): Promise<Buffer> {
  const name = authority === undefined ? part : `authorities.${authority}.${part}`
  const fail = (found: string, cause?: unknown): Error =>
    unavailable('file', `${name} (${path}): found ${found}; expected ${NEEDED[part]}`, cause)
  try {
    return await readBounded(path, { maxBytes: part === 'crl' ? MAX_CRL_BYTES : MAX_FILE_BYTES })
  } catch (error) {
    const { found, cause } = error as FileUnreadableError
    throw fail(found, cause)
  }
}
