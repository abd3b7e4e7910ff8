import { crlChecker, loadCrlChecker } from '@peerkit/revocation'
import type { CrlChecker, CrlCheckerOptions } from '@peerkit/revocation'
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

/** The same for CRLs of any size, without blocking the event loop. */
export async function loadChecker (material: CredentialMaterial, checked: CheckedMaterial, options: CheckOptions, where: string): Promise<CrlChecker | undefined> {
  const checkerOptions = checkerOptionsOf(material, checked, options)
  if (checkerOptions.crls.length === 0) return undefined
  try {
    return await loadCrlChecker(checkerOptions)
  } catch (error) {
    throw refused('crl', where, (error as Error).message, error)
  }
}

function checkerOptionsOf ({ crl }: CredentialMaterial, { crlIssuers }: CheckedMaterial, { revocationPolicy, clock = SYSTEM_CLOCK }: CheckOptions): CrlCheckerOptions {
  return { crls: listOf(crl), issuers: crlIssuers, now: () => clock.now(), ...(revocationPolicy !== undefined && { policy: revocationPolicy }) }
}
