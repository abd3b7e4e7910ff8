import type { CredentialSource, TrustSource } from '@peerkit/credentials'
import { checkOption, credentialSource, required } from '@peerkit/identity/internal'
import { ServerOptionError } from '../errors.ts'

/** @throws ServerOptionError if `credentials` is not a credential source, or a closed one */
export function checkCredentials (credentials: unknown): void {
  checkOption(credentials, required(credentialSource), 'credentials', ServerOptionError)
  checkOpen(credentials as CredentialSource, 'the credentials')
}

/** A closed source would never rotate. @throws ServerOptionError */
export function checkOpen ({ closed }: TrustSource, what: string): void {
  if (closed === true) throw new ServerOptionError(`${what} are closed; expected an open source`)
}
