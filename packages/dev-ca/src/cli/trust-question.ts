import { parsePeerIdentity } from '@peerkit/identity'
import { loadCrlChecker } from '@peerkit/revocation'
import type { CrlChecker } from '@peerkit/revocation'
import { createTrustEvaluator } from '@peerkit/trust'
import type { Decision, TrustEvaluatorOptions } from '@peerkit/trust'
import { MTLS_ERR_DEV_CA_OPTION } from '../errors.ts'
import { decodeCertificates, readBytes } from './certificate-file.ts'
import { dateOf, textOf, textsOf } from './command.ts'
import type { Values } from './command.ts'
import { describeUnreadableCa } from './server-chain.ts'

type Purpose = 'client' | 'server' | 'any'

const PURPOSES: Readonly<Record<Purpose, NonNullable<TrustEvaluatorOptions['purpose']>>> = {
  client: 'clientAuth', server: 'serverAuth', any: 'any'
}
/** A CRL of three million entries. */
const MAX_CRL = 1 << 27

/** What `peerkit trust check` asks, read from its options. */
export interface TrustQuestion {
  readonly chainPath: string
  readonly caPath: string
  /** The leaf first. */
  readonly chain: readonly Uint8Array[]
  readonly ca: readonly Uint8Array[]
  readonly intermediates: readonly Uint8Array[]
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
  const caPath = textOf(values, 'ca') ?? ''
  const intermediatesPath = textOf(values, 'intermediates')
  const chain = await readBytes(chainPath, '--chain ', 'a certificate, with its intermediates below it')
  return {
    chainPath,
    caPath,
    chain: decodeCertificates(chain, `--chain ${chainPath}`),
    ca: await readAuthorities('ca', caPath),
    intermediates: intermediatesPath === undefined ? [] : await readAuthorities('intermediates', intermediatesPath),
    crlPaths: textsOf(values, 'crl'),
    purpose: purpose as Purpose,
    at
  }
}

async function readAuthorities (option: string, path: string): Promise<readonly Uint8Array[]> {
  const where = `--${option} ${path}`
  const certificates = decodeCertificates(await readBytes(path, `--${option} `, 'CA certificates'), where)
  for (const [index, der] of certificates.entries()) {
    const flaw = describeUnreadableCa(der)
    if (flaw === undefined) continue
    const which = `certificate ${index + 1} of ${certificates.length}`
    throw new MTLS_ERR_DEV_CA_OPTION(`${where}: found ${flaw} in ${which}; expected a CA certificate`)
  }
  return certificates
}

/** Asks the trust package. @throws MTLS_ERR_DEV_CA_OPTION on a wrong CRL */
export async function askTrust (question: TrustQuestion): Promise<Decision> {
  const { chain: [leaf, ...sent], ca, intermediates, crlPaths, purpose, at } = question
  const now = (): number => at
  const issuers = [...ca, ...intermediates].map((der) => parsePeerIdentity(der))
  const load = (crls: readonly Uint8Array[]): Promise<CrlChecker> => loadCrlChecker({ crls, issuers, now })
  const checker = crlPaths.length === 0 ? undefined : await readCrls(crlPaths, load)
  try {
    const authority = { name: 'default', ca, intermediates, revocation: checker === undefined ? [] : [checker] }
    const trust = createTrustEvaluator({ authorities: () => [authority], purpose: PURPOSES[purpose], now })
    return await trust.evaluate(leaf ?? new Uint8Array(), { sent })
  } finally {
    await checker?.close()
  }
}

async function readCrls (
  paths: readonly string[], load: (crls: readonly Uint8Array[]) => Promise<CrlChecker>
): Promise<CrlChecker> {
  const crls: Uint8Array[] = []
  for (const path of paths) {
    const crl = await readBytes(path, '--crl ', 'a CRL, PEM or DER', MAX_CRL)
    crls.push(crl)
    try {
      // One by one, so that an error names its file.
      await (await load([crl])).close()
    } catch (error) {
      const { message } = error as Error
      throw new MTLS_ERR_DEV_CA_OPTION(`--crl ${path}: ${message}; expected a CRL of a CA in --ca or --intermediates`)
    }
  }
  return await load(crls)
}
