import { encodePem } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { IssuerError } from '../errors.ts'
import { checkNamesOf } from '../request/certified-names.ts'
import type { RequestedNames } from '../request/requested-names.ts'
import { findAbove } from './trust/chain-above.ts'
import { isRoot, readCertificates } from './trust/mount-issuers.ts'
import { textsOf } from './vault-api.ts'
import type { VaultAnswer } from './vault-api.ts'

const DROPPED = ' (the role may drop some: use_csr_common_name, use_csr_sans; o and ou are those of the role: ' +
  'organization, ou)'

/** What `sign` or `issue` answered. */
export interface IssuedAnswer {
  /** The leaf and its intermediates, PEM. */
  readonly cert: readonly string[]
  /** PEM, PKCS#8. Undefined after `sign`. */
  readonly key: string | undefined
  /** The CAs above the leaf, roots too. */
  readonly chain: readonly PeerIdentity[]
}

/**
 * @param what the call, for errors
 * @throws IssuerError
 */
export function readIssued ({ data }: VaultAnswer, names: RequestedNames, what: string): IssuedAnswer {
  const { certificate, private_key: key, ca_chain: given, issuing_ca: issuing } = data
  if (typeof certificate !== 'string') throw new IssuerError('answer', `${what} answered without a certificate`)
  const [leaf, ...more] = readCertificates([certificate], what)
  // A root that issues directly has no chain in older versions of Vault.
  const listed = textsOf(given)
  const direct = typeof issuing === 'string' && issuing !== '' ? [issuing] : []
  const sent = [...more, ...readCertificates(listed.length > 0 ? listed : direct, what)]
  const above = findAbove(leaf as PeerIdentity, sent, what)
  checkNamesOf(leaf as PeerIdentity, names, { what, hint: DROPPED })
  const chain = [leaf as PeerIdentity, ...above.filter((one) => !isRoot(one))]
  return {
    cert: chain.map((one) => encodePem(one.raw as Uint8Array)),
    key: typeof key === 'string' && key !== '' ? key : undefined,
    chain: above
  }
}
