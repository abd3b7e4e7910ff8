import { parsePeerIdentity } from '@peerkit/identity'
import { loadCrlChecker } from '@peerkit/revocation'
import type { CrlChecker, CrlCheckerOptions } from '@peerkit/revocation'
import { UsageError } from '../usage-error.ts'
import { readBytes } from '../certificate-file.ts'
import { shown } from '../shown.ts'
import type { NamedAuthority } from './named-authority.ts'

/** A CRL of three million entries. */
const MAX_CRL = 1 << 27

/** How errors call CRLs. */
export interface CrlPlace {
  /** What stands before a path: `--crl `. */
  readonly where: string
  /** Where the certificates of the lists' CAs have to be: `--ca or --intermediates`. */
  readonly cas: string
  /** Where that of an intermediate CA belongs: `--intermediates`. */
  readonly known: string
  /** Whether a list of a CA that is not there is left out, as the credentials do, as long as another list is left. */
  readonly leavesOut: boolean
}

/** Reads an authority's CRLs. @throws UsageError naming the file */
export async function readCrls (
  { ca, known, crlPaths, revocation: policy }: NamedAuthority, now: () => number, place: CrlPlace
): Promise<CrlChecker | undefined> {
  if (crlPaths.length === 0) return undefined
  const issuers = [...ca, ...known].flatMap(({ certificates }) => certificates).map((der) => parsePeerIdentity(der))
  const options = { issuers, now, policy, foreignCrls: 'ignore' } as const
  const crls: Uint8Array[] = []
  const strangers: string[] = []
  for (const path of crlPaths) {
    const crl = await readBytes(path, place.where, 'a PEM or DER file of a CRL', MAX_CRL)
    crls.push(crl)
    // One by one, so that an error names its file.
    const [stranger] = await listForeign(path, crl, options, place)
    if (stranger !== undefined) strangers.push(`${place.where}${path}: found a CRL of ${shown(stranger)}`)
    if (!place.leavesOut) refuse(strangers, place)
  }
  const checker = await loadCrlChecker({ ...options, crls })
  if (checker.lists.length === 0) refuse(strangers, place)
  return checker
}

/** The issuers of a file's lists that are no CA of the authority. */
async function listForeign (
  path: string, crl: Uint8Array, options: Omit<CrlCheckerOptions, 'crls'>, { where, cas }: CrlPlace
): Promise<readonly string[]> {
  let checker: CrlChecker
  try {
    checker = await loadCrlChecker({ ...options, crls: [crl] })
  } catch (error) {
    throw new UsageError(`${where}${path}: ${(error as Error).message}; expected a CRL of a CA in ${cas}`)
  }
  await checker.close()
  return checker.foreign.map(String)
}

/** @throws UsageError on the first of them */
function refuse ([found]: readonly string[], { cas, known }: CrlPlace): void {
  if (found === undefined) return
  throw new UsageError(
    `${found}; expected a CRL of a CA in ${cas} (give the certificate of an intermediate CA by ${known})`
  )
}
