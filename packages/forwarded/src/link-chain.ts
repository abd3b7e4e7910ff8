import { X509Certificate } from 'node:crypto'

/**
 * As many certificates as stand above the leaf one by one, each having signed the one below. A gateway passes on what the client sent, and a client may send certificates that have nothing to do
 * with it: whoever is called an issuer must be one.
 */
export function linkChain (leaf: Uint8Array, chain: readonly Uint8Array[]): readonly Uint8Array[] {
  const linked: Uint8Array[] = []
  try {
    let child = new X509Certificate(leaf)
    for (const der of chain) {
      const issuer = new X509Certificate(der)
      if (!child.checkIssued(issuer) || !child.verify(issuer.publicKey)) break
      linked.push(der)
      child = issuer
    }
  } catch {
    // A key or a signature that Node cannot handle proves nothing.
  }
  return linked
}
