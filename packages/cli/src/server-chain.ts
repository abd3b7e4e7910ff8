import { createTrustEvaluator } from '@peerkit/trust'
import type { Decision } from '@peerkit/trust'

/**
 * Verifies a server's chain with `@peerkit/trust`, as `MtlsAgent` of @peerkit/undici-mtls does.
 *
 * @param certificates as sent, the leaf first
 * @param anchors the certificates of `--ca`; unreadable ones are ignored, as by OpenSSL
 * @returns undefined if the server sent no certificate, or without a CA
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

/** Why a CA certificate cannot be used. Undefined if it can. */
export function describeUnreadableCa (der: Uint8Array): string | undefined {
  try {
    createTrustEvaluator({ authorities: () => [{ name: 'default', ca: [der] }] })
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
