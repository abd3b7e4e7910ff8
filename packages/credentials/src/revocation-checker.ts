import { crlChecker, crlIssuersToKeep, describeCrlLoss, loadCrlChecker } from '@peerkit/revocation'
import type { CrlChecker, CrlCheckerOptions, CrlIndex, RevocationChecker } from '@peerkit/revocation'
import type { CheckedMaterial } from './check-material.ts'
import { SYSTEM_CLOCK } from './clock.ts'
import { refused } from './errors.ts'
import { listOf } from './material.ts'
import type { CheckOptions, CredentialMaterial } from './material.ts'

/** What a new checker takes the place of. */
export interface InForce {
  /** Nothing is in force yet. */
  readonly isFirst: boolean
  /** What answers now. Lists that were issued before its own, or lack one of its own, are no change for the better. */
  readonly inForce?: RevocationChecker | undefined
}

/**
 * Answers from the CRLs of checked material, at once: CRLs of up to 1 MiB. Undefined where there are none.
 *
 * A list that was issued before the one it replaces would take back revocations: a copy that lags behind, or a restored
 * backup. So would a list that is missing while its CA is still trusted. Both are refused. A CA that
 * counts anew is not, since its lists are of today; and an operator who removes a CA may remove its list with it.
 *
 * @throws MTLS_ERR_CREDENTIALS_REFUSED
 */
export function createChecker (
  material: CredentialMaterial, checked: CheckedMaterial, options: CheckOptions, where: string, before: InForce
): CrlChecker | undefined {
  const checkerOptions = checkerOptionsOf(material, checked, options, before)
  let checker: CrlChecker | undefined
  try {
    checker = checkerOptions.crls.length === 0 ? undefined : crlChecker(checkerOptions)
  } catch (error) {
    throw refused('crl', where, (error as Error).message, error)
  }
  return compareChecker(checker, checked, where, before)
}

/** The same for CRLs of any size, without blocking the event loop. */
export async function loadChecker (
  material: CredentialMaterial, checked: CheckedMaterial, options: CheckOptions, where: string, before: InForce
): Promise<CrlChecker | undefined> {
  const checkerOptions = checkerOptionsOf(material, checked, options, before)
  let checker: CrlChecker | undefined
  try {
    checker = checkerOptions.crls.length === 0 ? undefined : await loadCrlChecker(checkerOptions)
  } catch (error) {
    throw refused('crl', where, (error as Error).message, error)
  }
  return compareChecker(checker, checked, where, before)
}

/** Warnings about lists that say nothing of anybody whom we trust, and about lists that have ended. */
export function describeForeign (checker: RevocationChecker | undefined): string[] {
  const { foreign = [], ended = [] } = (checker ?? {}) as Partial<CrlChecker>
  return [
    ...foreign.map((name) => `crl: left out the CRL of ${String(name)}, which is no CA in ca, intermediates or crlIssuers`),
    ...ended.map(describeEnded)
  ]
}

function describeEnded ({ isDelta, issuer, nextUpdate }: CrlIndex): string {
  const list = `the ${isDelta ? 'delta CRL' : 'CRL'} of ${String(issuer)}`
  return `crl: ${list} ended on ${iso(nextUpdate)}; certificates of that CA count as revocation unknown`
}

/** Gives the checker, unless it is of strangers' lists alone or would know less than what is in force. */
function compareChecker (
  checker: CrlChecker | undefined, { crlIssuers }: CheckedMaterial, where: string, { isFirst, inForce }: InForce
): CrlChecker | undefined {
  const objection = (isFirst ? describeStrangers(checker) : undefined) ??
    describeCrlLoss(checker?.lists ?? [], listsOf(inForce), { issuers: crlIssuers })
  if (objection === undefined) return checker
  checker?.close().catch(() => {})
  throw refused('crl', where, objection)
}

/**
 * Lists of strangers are left out: a CA that is removed must be gone at once, whether its list still lies about or not.
 * But where nothing is in force yet and all lists are of strangers, somebody took the wrong file.
 */
function describeStrangers (checker: CrlChecker | undefined): string | undefined {
  if (checker === undefined || checker.lists.length > 0 || checker.foreign.length === 0) return undefined
  return `it is of ${checker.foreign.map(String).join('; ')}, which is no CA in ca, intermediates or crlIssuers`
}

function iso (time: number): string {
  return new Date(time).toISOString()
}

function listsOf (checker: RevocationChecker | undefined): readonly CrlIndex[] {
  return (checker as Partial<CrlChecker> | undefined)?.lists ?? []
}

function checkerOptionsOf (
  { crl }: CredentialMaterial, { crlIssuers, anchors }: CheckedMaterial, { revocationPolicy, clock = SYSTEM_CLOCK }: CheckOptions, { inForce }: InForce
): CrlCheckerOptions {
  const issuers = [...crlIssuers, ...crlIssuersToKeep(listsOf(inForce), anchors)]
  return { crls: listOf(crl), issuers, foreignCrls: 'ignore', now: () => clock.now(), ...(revocationPolicy !== undefined && { policy: revocationPolicy }) }
}
