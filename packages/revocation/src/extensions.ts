import type { Extension } from '@peerkit/identity/x509'

/** The OID of the first critical extension that is not supported. */
export function findUnknownCritical (
  extensions: ReadonlyMap<string, Extension>,
  known: ReadonlySet<string>
): string | undefined {
  for (const [oid, { critical }] of extensions) {
    if (critical && !known.has(oid)) return oid
  }
  return undefined
}
