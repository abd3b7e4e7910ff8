import { crlChecker } from '@peerkit/revocation'
import type { CrlChecker } from '@peerkit/revocation'
import { checkMaterial } from './create-snapshot.ts'
import type { CheckedMaterial } from './create-snapshot.ts'
import type { CredentialSnapshot, CredentialSource } from './credential-snapshot.ts'
import { refused } from './errors.ts'
import { LiveSource } from './live-source.ts'
import { CHECK_OPTIONS, OPTION_ORIGINS, checkKeys, listOf } from './material.ts'
import type { CheckOptions, CredentialMaterial } from './material.ts'

export interface MemoryCredentials extends CredentialSource {
  /**
   * Puts other material in force; what is left out stays as it was given last.
   * @throws MTLS_ERR_CREDENTIALS_REFUSED, and the old stays in force
   */
  update (material: Partial<CredentialMaterial>): CredentialSnapshot
}

const MATERIAL = ['cert', 'key', 'ca', 'crl']

/**
 * Credentials from memory: PEM as strings or Buffers.
 *
 * @throws MTLS_ERR_CREDENTIALS_OPTION, MTLS_ERR_CREDENTIALS_REFUSED
 */
export function memoryCredentials (options: CredentialMaterial & CheckOptions): MemoryCredentials {
  checkKeys(options, [...MATERIAL, ...CHECK_OPTIONS], ['cert', 'ca'], 'memoryCredentials')
  let given: CredentialMaterial = { cert: options.cert, key: options.key, ca: options.ca, crl: options.crl }
  const check = (material: CredentialMaterial): CheckedMaterial => checkMaterial(material, OPTION_ORIGINS, options)
  const first = check(given)
  const source = new LiveSource(first, makeChecker(given, first, options), () => {})

  function update (material: Partial<CredentialMaterial>): CredentialSnapshot {
    checkKeys(material, MATERIAL, [], 'update')
    const next = { ...given, ...material }
    try {
      const checked = check(next)
      const snapshot = source.accept(checked, source.changesTrust(checked) ? makeChecker(next, checked, options) : undefined)
      given = next
      return snapshot
    } catch (error) {
      source.refuse(error as Error)
      throw error
    }
  }

  return Object.assign(source, { update })
}

function makeChecker ({ crl }: CredentialMaterial, { anchors, certificates }: CheckedMaterial, { revocationPolicy, now }: CheckOptions): CrlChecker | undefined {
  const crls = listOf(crl)
  if (crls.length === 0) return undefined
  try {
    return crlChecker(crlOptions(crls, anchors, certificates, { revocationPolicy, now }))
  } catch (error) {
    throw refused('crl', OPTION_ORIGINS.crl, (error as Error).message, error)
  }
}

/** The issuers whose CRLs count: the anchors, and the intermediates that we present ourselves. */
export function crlOptions (crls: ReadonlyArray<string | Uint8Array>, anchors: CheckedMaterial['anchors'], certificates: CheckedMaterial['certificates'], { revocationPolicy, now }: CheckOptions): Parameters<typeof crlChecker>[0] {
  const issuers = [...anchors, ...certificates.filter(({ isCa }) => isCa === true)]
  return { crls, issuers, ...(revocationPolicy !== undefined && { policy: revocationPolicy }), ...(now !== undefined && { now }) }
}
