import { MAX_CRL_BYTES } from '@peerkit/revocation'
import { DEFAULT_AUTHORITY } from '../authority/list-authorities.ts'
import { CredentialsUnavailableError } from '../errors.ts'
import { digestInSlices } from '../material/material.ts'
import type { CredentialMaterial, TrustMaterial } from '../material/material.ts'
import { blame } from '../material/part.ts'
import type { Part } from '../material/part.ts'
import { describe } from '../watch/file-signature.ts'
import type { Signature } from '../watch/file-signature.ts'
import { readBounded } from '../watch/read-bounded.ts'
import type { FileUnreadableError } from '../watch/read-bounded.ts'
import { listEntries } from './file-paths.ts'
import type { FileEntry, FilePart, FilePaths } from './file-paths.ts'

/** The contents of the files. */
export interface FilesRead {
  /** Everything except the CRLs. */
  readonly material: Omit<CredentialMaterial, 'passphrase'>
  /** Digests of all files of each part. The same digest means the same material. */
  readonly digests: ReadonlyMap<Part, string>
  /** The parts with a file that could not be read, each with its first error. */
  readonly failures: ReadonlyMap<Part, Error>
  /** By authority. */
  readonly crlDigests: ReadonlyMap<string, readonly string[]>
  /** Reads the CRLs of an authority, if that was not done before. */
  readCrls (authority: string): Promise<Buffer[]>
}

/** Reads the files. CRLs that are known to be unchanged are skipped: they may have tens of megabytes. */
export class FileReader {
  readonly #paths: FilePaths
  readonly #entries: readonly FileEntry[]
  #known: ReadonlyMap<string, KnownCrl> = new Map()
  /** The CRLs of the last read. */
  #last: ReadonlyMap<string, KnownCrl & { readonly of: Part }> = new Map()

  constructor (paths: FilePaths) {
    this.#paths = paths
    this.#entries = listEntries(paths)
  }

  async read (signature: Signature): Promise<FilesRead> {
    const failures = new Map<Part, Error>()
    const readings = await Promise.all(this.#entries.map(async (entry) => {
      return { entry, files: await this.#readPart(entry, signature).catch((error: unknown) => error as Error) }
    }))
    const parts = readings.flatMap(({ entry, files }) => {
      if (!(files instanceof Error)) return [{ entry, files }]
      if (!failures.has(entry.of)) failures.set(entry.of, entry.of === undefined ? files : blame(files, [entry.of]))
      return []
    })
    const crls = parts.filter(({ entry }) => entry.part === 'crl')
    this.#last = new Map(crls.flatMap(({ entry: { of }, files }) => {
      return files.map(({ path, state, digest }) => [path, { state, digest, of }] as const)
    }))
    const filesOf = (part: FilePart, authority?: string): readonly FileRead[] => {
      return parts.find(({ entry }) => entry.part === part && entry.authority === authority)?.files ?? []
    }
    const bytesOf = (part: FilePart, authority?: string): Buffer[] => {
      return filesOf(part, authority).map(({ bytes }) => bytes as Buffer)
    }
    const trustOf = (authority?: string): Omit<TrustMaterial, 'crl'> => ({
      ca: bytesOf('ca', authority),
      crlIssuers: bytesOf('crlIssuers', authority),
      intermediates: bytesOf('intermediates', authority)
    })
    const { authorities } = this.#paths
    const named = Object.entries(authorities ?? {}).map(([name, given]) => {
      return [name, { ...given, crl: undefined, ...trustOf(name) }]
    })
    return {
      material: {
        cert: this.#paths.cert === undefined ? undefined : bytesOf('cert'),
        key: bytesOf('key')[0],
        pfx: bytesOf('pfx')[0],
        ...(authorities === undefined ? trustOf() : { authorities: Object.fromEntries(named) })
      },
      digests: digestParts(parts),
      failures,
      crlDigests: new Map(crls.map(({ entry: { authority = DEFAULT_AUTHORITY }, files }) => {
        return [authority, files.map(({ digest }) => digest)]
      })),
      readCrls: async (name) => {
        const files = filesOf('crl', authorities === undefined ? undefined : name)
        return await Promise.all(files.map(async ({ path, bytes }) => bytes ?? await readFilePart('crl', path)))
      }
    }
  }

  /**
   * Remembers the CRLs of the last read.
   *
   * @param moved the parts whose files changed meanwhile. What was read may not belong to the state that was seen
   *   before
   */
  remember (moved: ReadonlySet<Part>): void {
    this.#known = new Map([...this.#last].filter(([, { of }]) => !moved.has(of)))
  }

  /** Forgets the known CRLs, so that the next read reads all files. */
  forget (): void { this.#known = this.#last = new Map() }

  async #readPart ({ part, authority, paths }: FileEntry, { files }: Signature): Promise<FileRead[]> {
    return await Promise.all(paths.map(async (path) => {
      const known = part === 'crl' ? this.#known.get(path) : undefined
      const fileState = files.get(path)
      const state = fileState === undefined ? '' : describe(fileState)
      if (known !== undefined && known.state === state) return { path, state, digest: known.digest, bytes: undefined }
      const bytes = await readFilePart(part, path, authority)
      return { path, state, digest: await digestInSlices(bytes), bytes }
    }))
  }
}

function digestParts (
  parts: ReadonlyArray<{ readonly entry: FileEntry, readonly files: readonly FileRead[] }>
): ReadonlyMap<Part, string> {
  const digests = new Map<Part, string>()
  for (const { entry: { part, of }, files } of parts) {
    const digest = JSON.stringify([part, files.map((file) => file.digest)])
    digests.set(of, (digests.get(of) ?? '') + digest)
  }
  return digests
}

interface KnownCrl { readonly state: string, readonly digest: string }

interface FileRead extends KnownCrl { readonly path: string, readonly bytes: Buffer | undefined }

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
 * @throws CredentialsUnavailableError naming the option, the file, what was found and what was expected there
 */
export async function readFilePart (part: FilePart, path: string, authority?: string): Promise<Buffer> {
  const name = authority === undefined ? part : `authorities.${authority}.${part}`
  const fail = (found: string, cause?: unknown): Error =>
    new CredentialsUnavailableError('file', `${name} (${path}): found ${found}; expected ${NEEDED[part]}`, { cause })
  try {
    return await readBounded(path, { maxBytes: part === 'crl' ? MAX_CRL_BYTES : MAX_FILE_BYTES })
  } catch (error) {
    const { found, cause } = error as FileUnreadableError
    throw fail(found, cause)
  }
}
