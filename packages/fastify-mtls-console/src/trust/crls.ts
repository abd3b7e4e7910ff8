import { checkersOf } from '@peerkit/credentials'
import type { CredentialSource } from '@peerkit/credentials'
import type { CrlIndex, RevocationChecker } from '@peerkit/revocation'

/** A CRL in force. */
export interface ShownCrl {
  readonly issuer: string
  readonly number: string | undefined
  readonly thisUpdate: number
  readonly nextUpdate: number
  readonly entries: number
  readonly isDelta: boolean
  /** The authority that it applies to. Undefined for a CRL of the server's checker, which applies to all. */
  readonly authority: string | undefined
}

/** Where the CRLs are. */
export interface CrlHolders {
  readonly credentials: Pick<CredentialSource, 'current'>
  readonly revocation: RevocationChecker | undefined
}

/** A CRL, with its authority. */
export interface HeldCrl { readonly list: CrlIndex, readonly authority: string | undefined }

/**
 * The CRLs of checkers that expose them. Others, such as OCSP checkers, have none.
 *
 * @returns undefined without a checker
 */
export function findCrls ({ credentials, revocation }: CrlHolders): readonly HeldCrl[] | undefined {
  const own = credentials.current.authorities.flatMap((authority) => {
    return checkersOf(authority).map((checker) => ({ authority: authority.name, checker }))
  })
  const all = [...own, ...(revocation === undefined ? [] : [{ authority: undefined, checker: revocation }])]
  if (all.length === 0) return undefined
  return all.flatMap(({ authority, checker }) => {
    const { lists = [] } = checker as { readonly lists?: readonly CrlIndex[] }
    return lists.map((list) => ({ list, authority }))
  })
}

export function showCrl ({ list, authority }: HeldCrl): ShownCrl {
  const { number, thisUpdate, nextUpdate, size, isDelta } = list
  const issuer = list.issuer?.toString() ?? 'unknown'
  return { issuer, number: number?.toString(), thisUpdate, nextUpdate, entries: size, isDelta, authority }
}
