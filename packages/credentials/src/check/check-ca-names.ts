import { readCertificate } from '@peerkit/identity/x509'
import type { PeerIdentity } from '@peerkit/identity'
import { refused } from '../errors.ts'

/**
 * The most bytes of names that a server can send. The list has 65,535 bytes (RFC 8446 section 4.2.4, RFC 5246 section
 * 7.4.4), and in TLS 1.3 shares them with other extensions, such as the list of signature algorithms.
 */
const MAX_NAME_BYTES = 64_000

/**
 * The names of all trusted CAs go into the CertificateRequest of a server. If they do not fit, OpenSSL breaks off every
 * handshake.
 *
 * @param cas the CAs of clients, with duplicates of names, since OpenSSL sends each
 * @throws MTLS_ERR_CREDENTIALS_REFUSED
 */
export function checkCaNames (cas: readonly PeerIdentity[], where: string): void {
  // A name is shorter than its certificate, so most bundles need no second look.
  if (cas.reduce((sum, { raw }) => sum + (raw?.length ?? 0), 0) <= MAX_NAME_BYTES) return
  const bytes = cas.reduce((sum, { raw }) => sum + readCertificate(raw ?? new Uint8Array()).subjectRaw.length + 2, 0)
  if (bytes <= MAX_NAME_BYTES) return
  const found = `found ${cas.length} CA certificates whose names have ${bytes} bytes`
  const expected = `expected at most ${MAX_NAME_BYTES}, because a server sends them in one TLS message and every ` +
    'handshake would fail; use fewer CAs, or sendCaNames: false, or use: "client" for credentials of a client'
  throw refused('unusable', where, `${found}; ${expected}`)
}
