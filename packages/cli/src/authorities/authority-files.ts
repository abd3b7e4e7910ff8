import { X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { parsePeerIdentity } from '@peerkit/identity'
import { loadCrlChecker } from '@peerkit/revocation'
import type { CrlChecker, CrlCheckerOptions } from '@peerkit/revocation'
import { createTrustEvaluator, findIssuer } from '@peerkit/trust'
import { UsageError } from '../command.ts'
import { readCertificateFile } from '../files/certificate-file.ts'
import { MAX_CRL, readBytes } from '../files/read-bytes.ts'
import { shown } from '../output.ts'
import type { AuthorityEntry } from './authority-entry.ts'

/** A file of CA certificates. */
export interface AuthorityFile {
  readonly path: string
  readonly certificates: readonly Uint8Array[]
}

/** The files of an authority. */
export interface AuthorityFiles {
  readonly ca: readonly AuthorityFile[]
  /** CAs that paths may go through, and whose CRLs are accepted. */
  readonly known: readonly AuthorityFile[]
  readonly crlPaths: readonly string[]
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
    const certificates = await readCertificateFile(path, where, 'a PEM or DER file of CA certificates')
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

type AuthorityOption = 'ca' | 'intermediates' | 'crlIssuers'

/** Why a CA certificate is refused. */
interface AuthorityFlaw {
  readonly found: string
  readonly expected: string
}

/**
 * Checks a CA certificate as the credentials of the plugins do.
 *
 * @param roots the option for roots, for the message: `--ca`
 * @returns why it would be refused in this option; undefined if it is accepted
 */
function findAuthorityFlaw (option: AuthorityOption, der: Uint8Array, roots: string): AuthorityFlaw | undefined {
  const unreadable = describeUnreadableCa(der)
  if (unreadable !== undefined) return { found: unreadable, expected: 'a CA certificate' }
  const identity = parsePeerIdentity(der)
  try {
    const x509 = new X509Certificate(der)
    if (identity.isCa !== true || !x509.ca) {
      return { found: `${String(identity)}, which is not a CA certificate,`, expected: 'only CA certificates' }
    }
    if (option === 'ca') return findWeakKey(String(identity), x509.publicKey)
    if (option === 'crlIssuers' || findIssuer(identity, [identity]) === undefined) return undefined
  } catch (error) {
    return { found: (error as Error).message, expected: 'a CA certificate' }
  }
  return {
    found: `the root ${String(identity)}`,
    expected: `only intermediate CA certificates (roots belong in ${roots})`
  }
}

/** Why a CA certificate cannot be used. Undefined if it can. */
export function describeUnreadableCa (der: Uint8Array): string | undefined {
  try {
    createTrustEvaluator({ authorities: () => [{ name: 'default', ca: [der] }] })
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** `@peerkit/trust` accepts curves of 224 bits, the credentials refuse them for CAs. Both check RSA. */
function findWeakKey (name: string, { asymmetricKeyType, asymmetricKeyDetails }: KeyObject): AuthorityFlaw | undefined {
  const { namedCurve = '' } = asymmetricKeyDetails ?? {}
  // The name of every curve has its size. The credentials read it in the same way.
  if (asymmetricKeyType !== 'ec' || Number(/\d{3}/.exec(namedCurve)?.[0] ?? 0) >= 256) return undefined
  const curve = namedCurve === '' ? 'a curve without a name' : namedCurve
  return { found: `a key of ${name} on ${curve}`, expected: 'EC of 256 bits or better' }
}

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
  { ca, known, crlPaths, revocation: policy }: AuthorityFiles & Pick<AuthorityEntry, 'revocation'>,
  now: () => number,
  place: CrlPlace
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
