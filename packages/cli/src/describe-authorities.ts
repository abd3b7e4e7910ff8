import { readName } from '@peerkit/identity/x509'

/** Names of CAs in DER, as RFC 4514 text. */
export function describeAuthorities (names: readonly Uint8Array[]): string[] {
  return names.map((name) => {
    try {
      return String(readName(name))
    } catch {
      return `a name that cannot be read (${name.length} octets)`
    }
  })
}
