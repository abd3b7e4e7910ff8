import createError from '@fastify/error'
import type { FastifyErrorConstructor } from '@fastify/error'

/** An option is missing, unknown or of the wrong kind. */
export const MTLS_ERR_CREDENTIALS_OPTION: FastifyErrorConstructor<{ code: 'MTLS_ERR_CREDENTIALS_OPTION' }, [string]> =
  createError('MTLS_ERR_CREDENTIALS_OPTION', 'Invalid credentials option: %s', 500, TypeError)

/** Material was found and must not be used; `reason` says why. */
export const MTLS_ERR_CREDENTIALS_REFUSED: FastifyErrorConstructor<{ code: 'MTLS_ERR_CREDENTIALS_REFUSED' }, [string]> =
  createError('MTLS_ERR_CREDENTIALS_REFUSED', 'Credentials refused: %s', 500)

/** Material could not be had: a file that cannot be read, a provider that fails. */
export const MTLS_ERR_CREDENTIALS_UNAVAILABLE: FastifyErrorConstructor<{ code: 'MTLS_ERR_CREDENTIALS_UNAVAILABLE' }, [string]> =
  createError('MTLS_ERR_CREDENTIALS_UNAVAILABLE', 'Credentials unavailable: %s', 500)

/** Why material was refused. */
export type CredentialsRefusedReason =
  | 'unreadable'          // no PEM, or no certificate or key in it
  | 'key_mismatch'        // the key is not the certificate's
  | 'passphrase'          // the key is encrypted and the passphrase is missing or wrong
  | 'expired'             // a certificate of our own has ended
  | 'not_yet_valid'
  | 'chain'               // the intermediates do not follow from the leaf
  | 'wrong_purpose'       // the extended key usage fits neither a server nor a client, or not the stated use
  | 'weak'                // signature algorithm or key size
  | 'no_anchor'           // the CA bundle holds no CA certificate that is valid now
  | 'crl'                 // a CRL that cannot be read or whose signature does not hold

export interface CredentialsRefusedError extends Error { readonly code: 'MTLS_ERR_CREDENTIALS_REFUSED', readonly reason: CredentialsRefusedReason }

/** Makes the error for refused material. `where` names the option or the file. */
export function refused (reason: CredentialsRefusedReason, where: string, what: string, cause?: unknown): CredentialsRefusedError {
  const error = new MTLS_ERR_CREDENTIALS_REFUSED(`${where}: ${what}`)
  return Object.assign(error, { reason }, cause === undefined ? {} : { cause })
}
