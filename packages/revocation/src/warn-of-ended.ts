import { describeEnded } from './crl-details.ts'
import type { CrlIndex } from './crl-index.ts'

/**
 * Emits a process warning for each list that has expired. A checker with such a list starts, because the list still
 * says which certificates are revoked. But all others of the CA are then refused, or permitted by a soft policy, and
 * nothing else would say why before the first client calls.
 *
 * @param told the lists that were told of before; new ones are added
 */
export function warnOfEnded (ended: readonly CrlIndex[], told: Set<string>): void {
  for (const list of ended) {
    const key = `${String(list.issuer)}/${list.number}/${list.thisUpdate}/${list.nextUpdate}`
    if (told.has(key)) continue
    told.add(key)
    process.emitWarning(
      `${describeEnded(list)}, before it was loaded: the status of certificates that it does not list is unknown. ` +
        'Load a current list',
      { type: 'PeerkitWarning', code: 'MTLS_WARN_CRL_ENDED' }
    )
  }
}
