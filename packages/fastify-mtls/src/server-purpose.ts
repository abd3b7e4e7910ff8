import type { PeerIdentity } from '@peerkit/identity'
import { MTLS_ERR_SERVER_OPTION } from './errors.ts'

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const ANY = '2.5.29.37.0'

/**
 * Refuses a certificate that is for clients only: every client would refuse the server. One without an extended key
 * usage is for everything (RFC 5280 section 4.2.1.12).
 *
 * @throws MTLS_ERR_SERVER_OPTION
 */
export function checkServerPurpose (identity: PeerIdentity): void {
  const { extendedKeyUsage = [] } = identity
  if (extendedKeyUsage.length === 0 || extendedKeyUsage.includes(SERVER_AUTH) || extendedKeyUsage.includes(ANY)) return
  throw new MTLS_ERR_SERVER_OPTION(
    `the certificate ${String(identity)} is not for servers: its extended key usage has no serverAuth, so clients ` +
      'refuse it; expected a certificate for servers, with the development CA: ' +
      'peerkit cert issue --profile server, or --profile both for one that calls other services too'
  )
}
