import { createTrustEvaluator } from '@peerkit/trust'
import type { Decision } from '@peerkit/trust'

/**
 * What the trust package says of a server's chain, as `MtlsAgent` of @peerkit/undici-mtls asks it. Undefined where the
 * server sent nothing, or no CA was given.
 *
 * @param certificates as sent, the leaf first
 * @param anchors of `--ca`. What cannot be read there vouches for nobody, as in OpenSSL
 */
export async function checkServerChain (
  certificates: readonly Uint8Array[], anchors: readonly Uint8Array[]
): Promise<Decision | undefined> {
  const [leaf, ...sent] = certificates
  const ca = anchors.filter((der) => describeUnreadableCa(der) === undefined)
  if (leaf === undefined || ca.length === 0) return undefined
  const trust = createTrustEvaluator({ authorities: () => [{ name: 'default', ca }], purpose: 'serverAuth' })
  return await trust.evaluate(leaf, { sent })
}

/** Why a CA certificate cannot be used; undefined where it can. */
export function describeUnreadableCa (der: Uint8Array): string | undefined {
  try {
    createTrustEvaluator({ authorities: () => [{ name: 'default', ca: [der] }] })
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
