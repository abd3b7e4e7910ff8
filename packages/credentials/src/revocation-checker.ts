import { crlChecker, loadCrlChecker } from '@peerkit/revocation'
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
  /** What answers now, where older lists than its own are no change for the better. */
  readonly inForce?: RevocationChecker | undefined
}

/** Answers from the CRLs of checked material, at once: CRLs of up to 1 MiB. @throws MTLS_ERR_CREDENTIALS_REFUSED */
export function createChecker (material: CredentialMaterial, checked: CheckedMaterial, options: CheckOptions, where: string, isFirst: boolean): CrlChecker | undefined {
  const checkerOptions = checkerOptionsOf(material, checked, options)
  if (checkerOptions.crls.length === 0) return undefined
  let checker: CrlChecker
  try {
    checker = crlChecker(checkerOptions)
  } catch (error) {
    throw refused('crl', where, (error as Error).message, error)
  }
  if (isFirst) checkOwnership(checker, where)
  return checker
}

/**
 * The same for CRLs of any size, without blocking the event loop.
 *
 * @param inForce where a list that was issued before the one it replaces, but is still in its time, would take back revocations. A copy that lags behind, or a restored
 * backup, is refused like that; a CA that counts anew is not, since its lists are of today
 */
export async function loadChecker (material: CredentialMaterial, checked: CheckedMaterial, options: CheckOptions, where: string, { isFirst, inForce }: InForce): Promise<CrlChecker | undefined> {
  const checkerOptions = checkerOptionsOf(material, checked, options)
  if (checkerOptions.crls.length === 0) return undefined
  let checker: CrlChecker
  try {
    checker = await loadCrlChecker(checkerOptions)
  } catch (error) {
    throw refused('crl', where, (error as Error).message, error)
  }
  if (isFirst) checkOwnership(checker, where)
  const held = (inForce as Partial<CrlChecker> | undefined)?.lists ?? []
  const loss = describeLoss(checker.lists, held, checkerOptions)
  if (loss === undefined) return checker
  await checker.close()
  throw refused('crl', where, loss)
}

/** Warnings about lists that say nothing of anybody whom we trust. */
export function describeForeign (checker: RevocationChecker | undefined): string[] {
  return ((checker as Partial<CrlChecker> | undefined)?.foreign ?? []).map((name) => `crl: left out the CRL of ${String(name)}, which is no CA in ca`)
}

/**
 * Lists of strangers are left out: a CA that is removed must be gone at once, whether its list still lies about or not. But where nothing is in force yet and all lists are of
 * strangers, somebody took the wrong file.
 */
function checkOwnership ({ lists, foreign }: CrlChecker, where: string): void {
  if (lists.length === 0 && foreign.length > 0) throw refused('crl', where, `it is of ${foreign.map(String).join('; ')}, which is no CA in ca`)
}

/** What would be known no longer. */
function describeLoss (lists: CrlChecker['lists'], inForce: CrlChecker['lists'], { issuers, now = Date.now }: CrlCheckerOptions): string | undefined {
  const older = findOlder(lists, inForce)
  if (older !== undefined) return `the CRL of ${String(older.list.verifiedBy)} of ${iso(older.list.thisUpdate)} is older than the one in force, of ${iso(older.held.thisUpdate)}`
  const keyOf = ({ verifiedBy }: CrlIndex): string | undefined => verifiedBy?.publicKey256
  const lost = inForce.find((held) => held.nextUpdate > now() && issuers.some(({ publicKey256 }) => publicKey256 === keyOf(held)) && !lists.some((list) => keyOf(list) === keyOf(held)))
  // A file cut off between two lists parses well.
  return lost === undefined ? undefined : `the CRL of ${String(lost.verifiedBy)} is missing, which is in force and whose CA is still trusted: was the file cut off?`
}

function findOlder (lists: CrlChecker['lists'], inForce: CrlChecker['lists']): { list: CrlIndex, held: CrlIndex } | undefined {
  for (const held of inForce) {
    const same = lists.filter((list) => list.issuerName === held.issuerName && list.scope.raw === held.scope.raw && list.isDelta === held.isDelta && list.verifiedBy?.publicKey256 === held.verifiedBy?.publicKey256)
    // Older ones may lie beside the newest: that one counts.
    const [newest] = [...same].sort((a, b) => b.thisUpdate - a.thisUpdate)
    if (newest !== undefined && newest.thisUpdate < held.thisUpdate) return { list: newest, held }
  }
  return undefined
}

function iso (time: number): string {
  return new Date(time).toISOString()
}

function checkerOptionsOf ({ crl }: CredentialMaterial, { crlIssuers }: CheckedMaterial, { revocationPolicy, clock = SYSTEM_CLOCK }: CheckOptions): CrlCheckerOptions {
  return { crls: listOf(crl), issuers: crlIssuers, foreignCrls: 'ignore', now: () => clock.now(), ...(revocationPolicy !== undefined && { policy: revocationPolicy }) }
}
