import type { CredentialSnapshot } from '@peerkit/credentials'
import type { PeerIdentity } from '@peerkit/identity'
import { ServerOptionError } from '../errors.ts'

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const ANY = '2.5.29.37.0'

interface ErrorLog { error (fields: object, message: string): void }

/**
 * Whether clients accept a certificate for a server. One without an extended key usage is for everything (RFC 5280
 * section 4.2.1.12).
 */
export function isForServers ({ extendedKeyUsage = [] }: PeerIdentity): boolean {
  return extendedKeyUsage.length === 0 || extendedKeyUsage.includes(SERVER_AUTH) || extendedKeyUsage.includes(ANY)
}

/**
 * Refuses a certificate that is for clients only: every client would refuse the server.
 *
 * @throws ServerOptionError
 */
export function checkServerPurpose (identity: PeerIdentity): void {
  if (isForServers(identity)) return
  throw new ServerOptionError(
    `the certificate ${String(identity)} is not for servers: its extended key usage has no serverAuth, so clients ` +
      'refuse it; expected a certificate for servers, with the development CA: ' +
      'peerkit cert issue --profile server, or --profile both for one that calls other services too'
  )
}

/** Says that a rotation brought a certificate that no server can use, and which one is presented instead. */
export function logWrongPurpose (
  log: ErrorLog | undefined, { identity, generation }: CredentialSnapshot, presented: CredentialSnapshot
): void {
  log?.error(
    { certificate: String(identity), presented: String(presented.identity), generation },
    'the new certificate is not for servers: its extended key usage has no serverAuth, so clients would refuse it; ' +
      'the former one stays in use. Rotate to a certificate for servers. To refuse such rotations at the source, use ' +
      "fileCredentials({ use: 'server' })"
  )
}
