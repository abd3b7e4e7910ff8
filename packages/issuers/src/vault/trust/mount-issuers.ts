import { decodePem, encodePem, equalDistinguishedNames, parsePeerIdentity } from '@peerkit/identity'
import type { PeerIdentity } from '@peerkit/identity'
import { describeValue, messageOf } from '@peerkit/identity/internal'
import { IssuerError } from '../../errors.ts'
import { textsOf } from '../vault-api.ts'
import type { VaultApi } from '../vault-api.ts'

/** A mount with more is a mistake, and each one costs a call. */
const MOST_ISSUERS = 50

/** A CA of a mount. */
export interface MountIssuer {
  readonly mount: string
  /** Its number in the mount. */
  readonly id: string
  readonly identity: PeerIdentity
  /** Whether the mount has its key. Only such a CA has a CRL: others were imported as part of a chain. */
  readonly hasKey: boolean
  /** The CAs above it that the mount knows. */
  readonly above: readonly PeerIdentity[]
}

/**
 * Reads the CAs of a mount: the current one, and those whose certificates are still in use. Needs no token.
 *
 * @throws IssuerError
 */
export async function readIssuers (api: VaultApi, mount: string, signal: AbortSignal): Promise<readonly MountIssuer[]> {
  const { data } = await api.call({ path: `${mount}/issuers?list=true`, signal }).catch((error: unknown) => {
    throw describeMissing(error, api, mount)
  })
  const ids = textsOf(data['keys']).filter((id) => /^[\w-]{1,64}$/.test(id))
  if (ids.length === 0) {
    throw new IssuerError('answer', `${api.name}: GET ${mount}/issuers lists no CA; expected at least one`)
  }
  if (ids.length > MOST_ISSUERS) {
    throw new IssuerError('answer', `${api.name}: ${mount} has ${ids.length} CAs; expected at most ${MOST_ISSUERS}`)
  }
  return await Promise.all(ids.sort().map(async (id) => {
    const path = `${mount}/issuer/${id}/json`
    const { data: found } = await api.call({ path, signal })
    const what = `${api.name}: GET ${path}`
    const { certificate } = found
    if (typeof certificate !== 'string') {
      const shown = describeValue(certificate)
      throw new IssuerError('answer', `${what} answered with the certificate ${shown}; expected PEM`)
    }
    const [identity] = readCertificates([certificate], what)
    const above = readCertificates(textsOf(found['ca_chain']), what)
    const { fingerprint256 } = identity as PeerIdentity
    return {
      mount,
      id,
      identity: identity as PeerIdentity,
      hasKey: keyOf(data['key_info'], id) !== '',
      above: above.filter((one) => one.fingerprint256 !== fingerprint256)
    }
  }))
}

/** Parses CA certificates, each a PEM text. @throws IssuerError */
export function readCertificates (pems: readonly string[], what: string): readonly PeerIdentity[] {
  try {
    return pems.flatMap((pem) => decodePem(pem)).map((der) => parsePeerIdentity(der))
  } catch (error) {
    throw new IssuerError('answer', `${what} answered with a certificate that cannot be read: ${messageOf(error)}`, {
      cause: error
    })
  }
}

/** Whether a CA names itself as its issuer. Whether it signed itself is checked where it is used. */
export function isRoot ({ subject, issuer }: PeerIdentity): boolean {
  return subject !== undefined && issuer !== undefined && equalDistinguishedNames(subject, issuer)
}

/** The PEM of certificates, each once. */
export function toPems (certificates: readonly PeerIdentity[]): readonly string[] {
  const byFingerprint = new Map(certificates.map((one) => [one.fingerprint256, one]))
  return [...byFingerprint.values()].map((one) => encodePem(one.raw as Uint8Array))
}

/** The number of the key of a CA; empty without one. Vault before 1.14 does not tell: then it counts as there. */
function keyOf (info: unknown, id: string): unknown {
  return ((info ?? {}) as Readonly<Record<string, { readonly key_id?: unknown } | undefined>>)[id]?.key_id
}

/** Anybody may read the list. So 403 is the answer about a mount or a namespace that does not exist. */
function describeMissing (error: unknown, api: VaultApi, mount: string): unknown {
  if (!(error instanceof IssuerError) || (error.status !== 404 && error.status !== 403)) return error
  const { status } = error
  const detail = `GET ${mount}/issuers answered ${status}: there is no PKI mount at ${mount} in this namespace; ` +
    'expected one (bao secrets list). Before Vault 1.11 a mount has no list of its CAs: set trust to "chain"'
  return new IssuerError('refused', `${api.name}: ${detail}`, { status, cause: error })
}
