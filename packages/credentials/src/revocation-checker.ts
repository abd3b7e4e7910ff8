import { crlChecker, loadCrlChecker } from '@peerkit/revocation'
import type { CrlChecker, CrlCheckerOptions, CrlIndex, RevocationChecker } from '@peerkit/revocation'
import type { CheckedMaterial } from './check-material.ts'
import { SYSTEM_CLOCK } from './clock.ts'
import { refused } from './errors.ts'
import { listOf } from './material.ts'
import type { CheckOptions, CredentialMaterial } from './material.ts'

/** Answers from the CRLs of checked material, at once: CRLs of up to 1 MiB. @throws MTLS_ERR_CREDENTIALS_REFUSED */
export function createChecker (material: CredentialMaterial, checked: CheckedMaterial, options: CheckOptions, where: string): CrlChecker | undefined {
  const checkerOptions = checkerOptionsOf(material, checked, options)
  if (checkerOptions.crls.length === 0) return undefined
  try {
    return crlChecker(checkerOptions)
  } catch (error) {
    throw refused('crl', where, (error as Error).message, error)
  }
}

/**
 * The same for CRLs of any size, without blocking the event loop.
 *
 * @param inForce what answers now: a list that was issued before the one it replaces, but is still in its time, would take back revocations. A copy that lags behind, or a restored
 * backup, is refused like that; a CA that counts anew is not, since its lists are of today
 */
export async function loadChecker (material: CredentialMaterial, checked: CheckedMaterial, options: CheckOptions, where: string, inForce?: RevocationChecker): Promise<CrlChecker | undefined> {
  const checkerOptions = checkerOptionsOf(material, checked, options)
  if (checkerOptions.crls.length === 0) return undefined
  let checker: CrlChecker
  try {
    checker = await loadCrlChecker(checkerOptions)
  } catch (error) {
    throw refused('crl', where, (error as Error).message, error)
  }
  const older = findOlder(checker.lists, (inForce as Partial<CrlChecker> | undefined)?.lists ?? [])
  if (older === undefined) return checker
  await checker.close()
  throw refused('crl', where, `the CRL of ${String(older.list.verifiedBy)} of ${iso(older.list.thisUpdate)} is older than the one in force, of ${iso(older.held.thisUpdate)}`)
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
  return { crls: listOf(crl), issuers: crlIssuers, now: () => clock.now(), ...(revocationPolicy !== undefined && { policy: revocationPolicy }) }
}
