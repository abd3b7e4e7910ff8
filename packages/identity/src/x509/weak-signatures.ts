const NAMES: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.1.1.2', 'MD2 with RSA'],
  ['1.2.840.113549.1.1.4', 'MD5 with RSA'],
  ['1.2.840.113549.1.1.5', 'SHA-1 with RSA'],
  ['1.2.840.10045.4.1', 'ECDSA with SHA-1'],
  ['1.2.840.10040.4.3', 'DSA with SHA-1']
])

/** The name of a signature algorithm over MD2, MD5 or SHA-1, which is never accepted; undefined for all others. */
export function nameWeakSignature (oid: string): string | undefined {
  return NAMES.get(oid)
}
