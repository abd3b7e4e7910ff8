import { encodePem } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { IssuerError } from '../errors.ts'
import type { RequestedNames } from '../request/requested-names.ts'
import { isRoot, readCertificates } from './trust/mount-issuers.ts'
import { textsOf } from './vault-api.ts'
import type { VaultAnswer } from './vault-api.ts'

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
  const above = [...more, ...readCertificates(listed.length > 0 ? listed : direct, what)]
  const lacking = findLacking(leaf as PeerIdentity, names)
  if (lacking.length > 0) {
    const expected = 'expected all that were asked for (the role may drop some: use_csr_common_name, use_csr_sans; o ' +
      'and ou are those of the role: organization, ou)'
    throw new IssuerError('answer', `${what}: the certificate lacks ${lacking.join(', ')}; ${expected}`)
  }
  const chain = [leaf as PeerIdentity, ...above.filter((one) => !isRoot(one))]
  return {
    cert: chain.map((one) => encodePem(one.raw as Uint8Array)),
    key: typeof key === 'string' && key !== '' ? key : undefined,
    chain: above
  }
}

/** Names that were asked for and are not in a certificate. */
function findLacking (
  { commonName, organization, organizationalUnit, subjectAltNames }: PeerIdentity, names: RequestedNames
): readonly string[] {
  const { cn, o, ou, dns = [], ip = [], uri = [], email = [] } = names
  const has = (kind: 'dns' | 'ip' | 'uri' | 'email', name: string): boolean => {
    return (subjectAltNames?.[kind] ?? []).some((found) => plain(kind, found) === plain(kind, name))
  }
  const kinds = [['dns', dns], ['ip', ip], ['uri', uri], ['email', email]] as const
  return [
    ...(cn !== undefined && cn !== commonName ? [`names.cn ${JSON.stringify(cn)}`] : []),
    ...(o !== undefined && o !== organization ? [`names.o ${JSON.stringify(o)}`] : []),
    ...(ou !== undefined && ou !== organizationalUnit ? [`names.ou ${JSON.stringify(ou)}`] : []),
    ...kinds.flatMap(([kind, list]) => list.filter((name) => !has(kind, name)).map((name) => {
      return `names.${kind} ${JSON.stringify(name)}`
    }))
  ]
}

/** The form in which names are compared. An IP address has several. */
function plain (kind: 'dns' | 'ip' | 'uri' | 'email', name: string): string {
  if (kind === 'uri') return name
  if (kind !== 'ip' || !name.includes(':')) return name.toLowerCase()
  const url = `http://[${name}]/`
  return URL.canParse(url) ? new URL(url).hostname : name
}
