import { digestInSlices } from '../content-digest.ts'
import { listOf } from '../material.ts'
import type { CredentialMaterial } from '../material.ts'
import { FILE_PARTS } from './file-paths.ts'
import type { FilePart, FilePaths } from './file-paths.ts'
import { describe } from './file-signature.ts'
import type { Signature } from './file-signature.ts'
import { readFilePart } from './read-file-part.ts'

/** What the files hold. */
export interface FilesRead {
  /** All but the CRLs. */
  readonly material: Omit<CredentialMaterial, 'passphrase'>
  /** Of all files: the same digest, the same material. */
  readonly digest: string
  readonly crlDigests: readonly string[]
  /** Reads the CRLs, where that was not necessary before. */
  readCrls (): Promise<Buffer[]>
}

/** Reads the files, except CRLs that are known not to have changed: those may be tens of megabytes. */
export class FileReader {
  readonly #paths: FilePaths
  #known: ReadonlyMap<string, { readonly state: string, readonly digest: string }> = new Map()

  constructor (paths: FilePaths) { this.#paths = paths }

  /** @throws MTLS_ERR_CREDENTIALS_UNAVAILABLE */
  async read (signature: Signature): Promise<FilesRead> {
    const [cert, key, pfx, ca, crl, crlIssuers, intermediates] = await Promise.all(FILE_PARTS.map(async (part) => await this.#readPart(part, signature)))
    const parts = { cert, key, pfx, ca, crl, crlIssuers, intermediates } as Record<FilePart, PartRead[]>
    const bytes = (part: FilePart): Buffer[] => parts[part].map((read) => read.bytes as Buffer)
    this.#known = new Map(parts.crl.map(({ path, state, digest }) => [path, { state, digest }]))
    return {
      material: {
        cert: this.#paths.cert === undefined ? undefined : bytes('cert'),
        key: bytes('key')[0],
        pfx: bytes('pfx')[0],
        ca: bytes('ca'),
        crlIssuers: bytes('crlIssuers'),
        intermediates: bytes('intermediates')
      },
      digest: JSON.stringify(FILE_PARTS.map((part) => parts[part].map(({ digest }) => digest))),
      crlDigests: parts.crl.map(({ digest }) => digest),
      readCrls: async () => await Promise.all(parts.crl.map(async ({ path, bytes }) => bytes ?? await readFilePart('crl', path)))
    }
  }

  /** Forgets what is known of the CRLs, so that the next read is a whole one. */
  forget (): void { this.#known = new Map() }

  async #readPart (part: FilePart, { files }: Signature): Promise<PartRead[]> {
    return await Promise.all(listOf(this.#paths[part]).map(async (path) => {
      const known = part === 'crl' ? this.#known.get(path) : undefined
      const fileState = files.get(path)
      const state = fileState === undefined ? '' : describe(fileState)
      if (known !== undefined && known.state === state) return { path, state, digest: known.digest, bytes: undefined }
      const bytes = await readFilePart(part, path)
      return { path, state, digest: await digestInSlices(bytes), bytes }
    }))
  }
}

interface PartRead { readonly path: string, readonly state: string, readonly digest: string, readonly bytes: Buffer | undefined }
