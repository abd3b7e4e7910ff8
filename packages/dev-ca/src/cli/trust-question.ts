import { parsePeerIdentity } from '@peerkit/identity'
import { readElement, TAG } from '@peerkit/identity/der'
import { loadCrlChecker } from '@peerkit/revocation'
import type { CrlChecker, CrlCheckerOptions } from '@peerkit/revocation'
import { createTrustEvaluator } from '@peerkit/trust'
import type { Decision, TrustEvaluatorOptions } from '@peerkit/trust'
import { MTLS_ERR_DEV_CA_OPTION } from '../errors.ts'
import { findAuthorityFlaw } from './authority-flaw.ts'
import type { AuthorityOption } from './authority-flaw.ts'
import { decodeCertificates, readBytes } from './certificate-file.ts'
import { dateOf, textOf, textsOf } from './command.ts'
import type { Values } from './command.ts'
import { shown } from './shown.ts'

type Purpose = 'client' | 'server' | 'any'

const PURPOSES: Readonly<Record<Purpose, NonNullable<TrustEvaluatorOptions['purpose']>>> = {
  client: 'clientAuth', server: 'serverAuth', any: 'any'
}
/** A CRL of three million entries. */
const MAX_CRL = 1 << 27

/** A file of `--ca` or `--intermediates`. */
export interface AuthorityFile {
  readonly path: string
  readonly certificates: readonly Uint8Array[]
}

/** What `peerkit trust check` asks, read from its options. */
export interface TrustQuestion {
  readonly chainPath: string
  /** The leaf first. */
  readonly chain: readonly Uint8Array[]
  readonly ca: readonly AuthorityFile[]
  readonly intermediates: readonly AuthorityFile[]
  readonly crlPaths: readonly string[]
  readonly purpose: Purpose
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** @throws MTLS_ERR_DEV_CA_OPTION */
export async function readTrustQuestion (values: Values): Promise<TrustQuestion> {
  const purpose = textOf(values, 'purpose') ?? 'client'
  if (!Object.hasOwn(PURPOSES, purpose)) {
    throw new MTLS_ERR_DEV_CA_OPTION(`--purpose is ${JSON.stringify(purpose)}; expected client, server or any`)
  }
  const at = dateOf(values, 'at')?.getTime() ?? Date.now()
  const chainPath = textOf(values, 'chain') ?? ''
  return {
    chainPath,
    chain: await readChain(chainPath),
    ca: await readAuthorities('ca', textsOf(values, 'ca')),
    intermediates: await readAuthorities('intermediates', textsOf(values, 'intermediates')),
    crlPaths: textsOf(values, 'crl'),
    purpose: purpose as Purpose,
    at
  }
}

async function readChain (path: string): Promise<readonly Uint8Array[]> {
  const where = `--chain ${path}`
  const expected = 'a PEM or DER file with a certificate, its intermediates below it'
  const certificates = decodeCertificates(await readBytes(path, '--chain ', expected), where)
  for (const [index, der] of certificates.entries()) {
    if (isWhole(der)) continue
    const found = `damaged or truncated DER in certificate ${index + 1} of ${certificates.length}`
    throw new MTLS_ERR_DEV_CA_OPTION(`${where}: found ${found}; expected whole certificates`)
  }
  return certificates
}

/** Whether the octets are one DER SEQUENCE. What is in it is for the trust package to judge; what is not is no file. */
function isWhole (der: Uint8Array): boolean {
  try {
    const { tag, end } = readElement(der, 0)
    return tag === TAG.sequence && end === der.length
  } catch {
    return false
  }
}

async function readAuthorities (option: AuthorityOption, paths: readonly string[]): Promise<readonly AuthorityFile[]> {
  return await Promise.all(paths.map(async (path) => {
    const where = `--${option} ${path}`
    const bytes = await readBytes(path, `--${option} `, 'a PEM or DER file of CA certificates')
    const certificates = decodeCertificates(bytes, where)
    for (const [index, der] of certificates.entries()) {
      const flaw = findAuthorityFlaw(option, der)
      if (flaw === undefined) continue
      const { found, expected } = flaw
      const which = `certificate ${index + 1} of ${certificates.length}`
      throw new MTLS_ERR_DEV_CA_OPTION(`${where}: found ${shown(found)} in ${which}; expected ${expected}`)
    }
    return { path, certificates }
  }))
}

/** Asks the trust package. @throws MTLS_ERR_DEV_CA_OPTION on a wrong CRL */
export async function askTrust (question: TrustQuestion): Promise<Decision> {
  const { chain: [leaf, ...sent], crlPaths, purpose, at } = question
  const now = (): number => at
  const ca = question.ca.flatMap(({ certificates }) => certificates)
  const intermediates = question.intermediates.flatMap(({ certificates }) => certificates)
  const issuers = [...ca, ...intermediates].map((der) => parsePeerIdentity(der))
  const checker = crlPaths.length === 0 ? undefined : await readCrls(crlPaths, { issuers, now })
  try {
    const authority = { name: 'default', ca, intermediates, revocation: checker === undefined ? [] : [checker] }
    const trust = createTrustEvaluator({ authorities: () => [authority], purpose: PURPOSES[purpose], now })
    return await trust.evaluate(leaf ?? new Uint8Array(), { sent })
  } finally {
    await checker?.close()
  }
}

async function readCrls (paths: readonly string[], options: Omit<CrlCheckerOptions, 'crls'>): Promise<CrlChecker> {
  const crls: Uint8Array[] = []
  for (const path of paths) {
    const crl = await readBytes(path, '--crl ', 'a PEM or DER file of a CRL', MAX_CRL)
    crls.push(crl)
    // One by one, so that an error names its file.
    await checkCrl(path, crl, options)
  }
  return await loadCrlChecker({ ...options, crls })
}

async function checkCrl (path: string, crl: Uint8Array, options: Omit<CrlCheckerOptions, 'crls'>): Promise<void> {
  let checker: CrlChecker
  try {
    // Ignored here, so that an error names the issuer.
    checker = await loadCrlChecker({ ...options, crls: [crl], foreignCrls: 'ignore' })
  } catch (error) {
    const { message } = error as Error
    throw new MTLS_ERR_DEV_CA_OPTION(`--crl ${path}: ${message}; expected a CRL of a CA in --ca or --intermediates`)
  }
  const [issuer] = checker.foreign
  await checker.close()
  if (issuer === undefined) return
  throw new MTLS_ERR_DEV_CA_OPTION(`--crl ${path}: found a CRL of ${shown(String(issuer))}; ` +
    'expected a CRL of a CA in --ca or --intermediates (give the certificate of an intermediate CA by --intermediates)')
}
