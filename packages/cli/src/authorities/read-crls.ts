import { parsePeerIdentity } from '@peerkit/identity'
import { loadCrlChecker } from '@peerkit/revocation'
import type { CrlChecker, CrlCheckerOptions } from '@peerkit/revocation'
import { UsageError } from '../usage-error.ts'
import { readBytes } from '../read-bytes.ts'
import { shown } from '../shown.ts'
import type { NamedAuthority } from './named-authority.ts'

/** Enough for a CRL of three million entries. */
const MAX_CRL = 1 << 27

/** The names of options, for error messages. */
export interface CrlPlace {
  /** The text before a path: `--crl `. */
  readonly where: string
  /** The options for the CAs of the CRLs: `--ca or --intermediates`. */
  readonly cas: string
  /** The option for an intermediate CA: `--intermediates`. */
  readonly known: string
  /** Whether a CRL of an unknown CA is ignored, as by the credentials, if there is another CRL. */
  readonly leavesOut: boolean
}

/** Reads the CRLs of an authority. @throws UsageError with the file */
export async function readCrls (
  { ca, known, crlPaths, revocation: policy }: NamedAuthority, now: () => number, place: CrlPlace
): Promise<CrlChecker | undefined> {
  if (crlPaths.length === 0) return undefined
  const issuers = [...ca, ...known].flatMap(({ certificates }) => certificates).map((der) => parsePeerIdentity(der))
  const options = { issuers, now, policy, foreignCrls: 'ignore', warnEnded: false } as const
  const crls: Uint8Array[] = []
  const strangers: string[] = []
  for (const path of crlPaths) {
    const crl = await readBytes(path, place.where, 'a PEM or DER file of a CRL', MAX_CRL)
    crls.push(crl)
    // One by one, so that an error has the file.
    const [stranger] = await listForeign(path, crl, options, place)
    if (stranger !== undefined) strangers.push(`${place.where}${path}: found a CRL of ${shown(stranger)}`)
    if (!place.leavesOut) refuse(strangers, place)
  }
  const checker = await loadCrlChecker({ ...options, crls })
  if (checker.lists.length === 0) refuse(strangers, place)
  return checker
}

/** The issuers of the CRLs in a file that are not CAs of the authority. */
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

/** @throws UsageError for the first of them */
function refuse ([found]: readonly string[], { cas, known }: CrlPlace): void {
  if (found === undefined) return
  throw new UsageError(
    `${found}; expected a CRL of a CA in ${cas} (give the certificate of an intermediate CA in ${known})`
  )
}
