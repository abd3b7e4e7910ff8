import { readName } from '@peerkit/identity/x509'

/** Converts names of CAs from DER to RFC 4514 text. */
export function describeAuthorities (names: readonly Uint8Array[]): string[] {
  return names.map((name) => {
    try {
      return String(readName(name))
    } catch {
      return `a name that cannot be parsed (${name.length} bytes)`
    }
  })
}
