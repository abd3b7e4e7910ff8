import { UsageError } from '../usage-error.ts'
import { findAuthorityFlaw } from '../authority-flaw.ts'
import type { AuthorityOption } from '../authority-flaw.ts'
import { decodeCertificates } from '../certificate-file.ts'
import { readBytes } from '../read-bytes.ts'
import { shown } from '../shown.ts'

/** A file of CA certificates. */
export interface AuthorityFile {
  readonly path: string
  readonly certificates: readonly Uint8Array[]
}

/** Where the paths come from, for error messages. */
export interface AuthorityPlace {
  /** The text before a path: `--ca `. */
  readonly where: string
  /** Which checks apply to the certificates. */
  readonly option: AuthorityOption
  /** The option for roots: `--ca`. */
  readonly roots: string
}

/** Reads files of CA certificates. @throws UsageError */
export async function readAuthorityFiles (
  paths: readonly string[], { where, option, roots }: AuthorityPlace
): Promise<readonly AuthorityFile[]> {
  return await Promise.all(paths.map(async (path) => {
    const bytes = await readBytes(path, where, 'a PEM or DER file of CA certificates')
    const certificates = decodeCertificates(bytes, `${where}${path}`)
    for (const [index, der] of certificates.entries()) {
      const flaw = findAuthorityFlaw(option, der, roots)
      if (flaw === undefined) continue
      const { found, expected } = flaw
      const which = `certificate ${index + 1} of ${certificates.length}`
      throw new UsageError(`${where}${path}: found ${shown(found)} in ${which}; expected ${expected}`)
    }
    return { path, certificates }
  }))
}
