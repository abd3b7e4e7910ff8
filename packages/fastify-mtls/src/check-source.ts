import type { CredentialSource, TrustSource } from '@peerkit/credentials'
import { checkOption, credentialSource, required } from '@peerkit/identity/internal'
import { MTLS_ERR_SERVER_OPTION } from './errors.ts'

/** @throws MTLS_ERR_SERVER_OPTION if `credentials` is not a credential source, or a closed one */
export function checkCredentials (credentials: unknown): void {
  checkOption(credentials, required(credentialSource), 'credentials', MTLS_ERR_SERVER_OPTION)
  checkOpen(credentials as CredentialSource, 'the credentials')
}

/** A closed source would never rotate. @throws MTLS_ERR_SERVER_OPTION */
export function checkOpen ({ closed }: TrustSource, what: string): void {
  if (closed === true) throw new MTLS_ERR_SERVER_OPTION(`${what} are closed; expected an open source`)
}
