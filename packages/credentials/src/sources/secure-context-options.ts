import type { SecureContextOptions } from 'node:tls'
import { inspect } from 'node:util'
import { vouchesFor } from '../authority/authorities-of.ts'
import type { CredentialSnapshot } from './credential-snapshot.ts'
import { toPem } from './frozen-snapshot.ts'

/** An option of OpenSSL 3 that Node has no constant for. In spite of its name it works for TLS 1.2 too. */
const SSL_OP_DISABLE_TLSEXT_CA_NAMES = 0x200

/** The TLS options that `secureContextOptions` returns. */
export interface SnapshotContextOptions extends SecureContextOptions {
  cert: string
  /** Undefined if the key is in a token. Then `privateKeyEngine` and `privateKeyIdentifier` are set. */
  key?: string
  ca: string[]
}

/**
 * Turns a snapshot into options for `tls.createSecureContext` and `server.setSecureContext`.
 *
 * All of `cert`, `key` and `ca` are set, because Node replaces a missing `ca` by the public roots. `cert` and `key` are
 * empty if the certificate was withdrawn, so that it is not presented any more. For a key in a token,
 * `privateKeyEngine` and `privateKeyIdentifier` are set and not `key`. `crl` is never set: OpenSSL would then require a
 * CRL of every CA, and keep it until the next context.
 *
 * OpenSSL does not know authorities. With these options alone, every CA is trusted for every name.
 * `createTrustEvaluator` of @peerkit/trust checks the authorities and their names.
 *
 * @param snapshot the snapshot in use
 * @param side only the authorities for `clients` or for `servers`; default: all
 * @example
 * ```ts
 * const { createServer } = await import('node:tls')
 * const server = createServer({
 *   ...secureContextOptions(credentials.current), requestCert: true, rejectUnauthorized: true
 * })
 * credentials.subscribe((change) => {
 *   if (change.type === 'rotated') server.setSecureContext(secureContextOptions(change.snapshot))
 * })
 * ```
 */
export function secureContextOptions (
  snapshot: CredentialSnapshot, side?: 'clients' | 'servers'
): SnapshotContextOptions {
  const { authorities, intermediateCas, sendCaNames = true } = snapshot
  const chosen = side === undefined ? authorities : authorities.filter((authority) => vouchesFor(authority, side))
  // Without a CA, Node would trust the public roots. If this side has no authority, the evaluator rejects every peer,
  // whatever OpenSSL decides.
  const anchors = (chosen.length === 0 ? authorities : chosen).flatMap((authority) => authority.anchors)
  const ca = [...new Set(anchors.map(toPem))]
  // By default OpenSSL accepts a path only if it ends at a self-signed certificate, so intermediates are not anchors.
  // With `partial` they are. The evaluator then decides which of them count.
  const partial = chosen.some((authority) => authority.partial)
  return hideKey({
    ...ownContextOptions(snapshot),
    ca: [...ca, ...intermediateCas],
    ...(partial && { allowPartialTrustChain: true }),
    ...(!sendCaNames && side !== 'servers' && { secureOptions: SSL_OP_DISABLE_TLSEXT_CA_NAMES })
  })
}

/** The certificate and key of a snapshot, as options of a secure context. */
export type OwnContextOptions =
  Pick<SnapshotContextOptions, 'cert' | 'key' | 'privateKeyEngine' | 'privateKeyIdentifier'>

/** The part of `secureContextOptions` that is our certificate and key. */
export function ownContextOptions ({ cert, key, opaqueKey, withdrawn }: CredentialSnapshot): OwnContextOptions {
  // With an empty certificate and key, Node has none, and every handshake of a server fails.
  if (withdrawn === true) return { cert: '', key: '' }
  if (opaqueKey !== undefined) return { cert, ...opaqueKey.contextOptions }
  return { cert, ...(key !== undefined && { key }) }
}

/** Keeps the key out of logs. Both properties are hidden, and are not part of a copy that is passed to Node. */
function hideKey (options: SnapshotContextOptions): SnapshotContextOptions {
  const show = (): object => options.key === undefined ? { ...options } : { ...options, key: '[redacted]' }
  return Object.defineProperties(options, {
    toJSON: { value: show },
    [inspect.custom]: { value: (_depth: number, how: object) => inspect(show(), how) }
  })
}
