import { decodePem, parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { clipAll, messageOf } from '@peerkit/identity/internal'
import { IssuerError } from '../errors.ts'
import type { RequestedNames } from './requested-names.ts'

type Kind = 'dns' | 'ip' | 'uri' | 'email'

/** Who issued, for errors. */
export interface Certified {
  /** The issuer, or its call. */
  readonly what: string
  /** What is told beside the names that lack. Default: nothing. */
  readonly hint?: string
}

/**
 * Checks that a certificate has every name that was asked for. One that lacks a name, or was issued for somebody else,
 * would be noticed by the clients that use it, and by nobody before. More names are accepted: the role or the template
 * of a CA may add some.
 *
 * @param chain PEM, the certificate first
 * @throws IssuerError
 */
export function checkCertifiedNames (
  chain: string | Uint8Array, names: RequestedNames, certified: Certified
): void {
  checkNamesOf(readLeaf(chain, certified.what), names, certified)
}

/** The same for a certificate that is parsed already. @throws IssuerError */
export function checkNamesOf (leaf: PeerIdentity, names: RequestedNames, { what, hint = '' }: Certified): void {
  const lacking = findLacking(leaf, names)
  if (lacking.length === 0) return
  const expected = `expected all that were asked for${hint}`
  throw new IssuerError('answer', `${what}: the certificate lacks ${clipAll(lacking).join(', ')}; ${expected}`)
}

/** @throws IssuerError */
function readLeaf (chain: string | Uint8Array, what: string): PeerIdentity {
  try {
    return parsePeerIdentity(decodePem(chain)[0] as Uint8Array)
  } catch (error) {
    const detail = `${what}: the certificate cannot be read: ${messageOf(error)}`
    throw new IssuerError('answer', detail, { cause: error })
  }
}

/** Names that were asked for and are not in a certificate. */
function findLacking (
  { commonName, organization, organizationalUnit, subjectAltNames }: PeerIdentity, names: RequestedNames
): readonly string[] {
  const { cn, o, ou, dns = [], ip = [], uri = [], email = [] } = names
  const has = (kind: Kind, name: string): boolean => {
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
function plain (kind: Kind, name: string): string {
  if (kind === 'uri') return name
  if (kind !== 'ip' || !name.includes(':')) return name.toLowerCase()
  const url = `http://[${name}]/`
  return URL.canParse(url) ? new URL(url).hostname : name
}
