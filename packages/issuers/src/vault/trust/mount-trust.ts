import type { AuthorityMaterial, AuthorityOptions, IssuedMaterial } from '@peerkit/credentials'
import type { PeerIdentity } from '@peerkit/identity'
import type { RevocationChecker } from '@peerkit/revocation'
import { IssuerError } from '../../errors.ts'
import type { VaultApi } from '../vault-api.ts'
import { isRoot, toPems } from './mount-issuers.ts'
import type { MountIssuer } from './mount-issuers.ts'

/** Which CAs an answer makes trusted. */
export type MountTrustMode = 'mount' | 'chain' | 'none'

/** The authority that the CAs of a mount make. */
export type VaultAuthority = Omit<AuthorityOptions, 'checker'> & {
  /** Default `vault`. */
  readonly name?: string | undefined
}

export interface MountTrustContext {
  readonly api: VaultApi
  readonly mount: string
  readonly authority: VaultAuthority | undefined
  /** More authorities, beside that of the mount. */
  readonly authorities: Readonly<Record<string, AuthorityMaterial>> | undefined
  readonly revocation: RevocationChecker | undefined
}

type TrustParts = Pick<IssuedMaterial, 'ca' | 'intermediates' | 'authorities'>

/**
 * Makes the trust of an answer.
 *
 * @param issuers the CAs of the mount that are to be trusted
 * @param chain the CAs above the certificate, as OpenBao sent them
 * @throws IssuerError if no root is known
 */
export function makeTrust (
  context: MountTrustContext, issuers: readonly MountIssuer[], chain: readonly PeerIdentity[]
): TrustParts {
  const { authority, authorities, revocation } = context
  const cas = [...issuers.flatMap(({ identity, above }) => [identity, ...above]), ...chain]
  const ca = toPems(cas.filter(isRoot))
  const intermediates = toPems(cas.filter((one) => !isRoot(one)))
  if (ca.length === 0) throw noRoot(context, cas)
  const parts = { ca, ...(intermediates.length > 0 && { intermediates }) }
  if (authority === undefined && authorities === undefined && revocation === undefined) return parts
  const { name = 'vault', ...limits } = authority ?? {}
  const own: AuthorityMaterial = { ...limits, ...parts, ...(revocation !== undefined && { checker: revocation }) }
  return { authorities: { [name]: own, ...authorities } }
}

function noRoot ({ api, mount }: MountTrustContext, cas: readonly PeerIdentity[]): IssuerError {
  const last = cas.at(-1)
  const end = last === undefined
    ? 'it has no CA'
    : `its chain ends at ${String(last.subject)}, issued by ${String(last.issuer)}`
  const detail = `the root above ${mount} is not known: ${end}. Import it (bao write ${mount}/issuers/import/cert ` +
    'pem_bundle=@root.pem), or give ca to renewingCredentials and set trust to "none"'
  return new IssuerError('refused', `${api.name}: ${detail}`)
}
