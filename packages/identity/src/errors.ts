import createError from '@fastify/error'
import type { FastifyErrorConstructor } from '@fastify/error'

/**
 * The bytes are not one strict DER X.509 certificate. Has `reason` and `offset`; see {@link
 * CertificateInvalidError}.
 */
export const MTLS_ERR_CERTIFICATE_INVALID: FastifyErrorConstructor<{ code: 'MTLS_ERR_CERTIFICATE_INVALID' }, [string]> =
  createError('MTLS_ERR_CERTIFICATE_INVALID', 'The certificate is not valid: %s', 401)

/**
 * The bytes are not strict DER (thrown by `@peerkit/identity/der` and the parsers of single fields in `/x509`). Has
 * `reason` and `offset`.
 */
export const MTLS_ERR_DER_INVALID: FastifyErrorConstructor<{ code: 'MTLS_ERR_DER_INVALID' }, [string]> =
  createError('MTLS_ERR_DER_INVALID', 'The bytes are not valid DER: %s', 400)

/** The text is not an RFC 4514 distinguished name, or an attribute type is unknown. Has `reason` and `position`. */
export const MTLS_ERR_NAME_INVALID: FastifyErrorConstructor<{ code: 'MTLS_ERR_NAME_INVALID' }, [string]> =
  createError('MTLS_ERR_NAME_INVALID', 'The distinguished name is not valid: %s', 500)

/** The text is not a SPIFFE ID. Has `reason`. */
export const MTLS_ERR_SPIFFE_ID_INVALID: FastifyErrorConstructor<{ code: 'MTLS_ERR_SPIFFE_ID_INVALID' }, [string]> =
  createError('MTLS_ERR_SPIFFE_ID_INVALID', 'The SPIFFE ID is not valid: %s', 500)

/** The text has no PEM block of the expected label, or a damaged one. Has `reason`. */
export const MTLS_ERR_PEM_INVALID: FastifyErrorConstructor<{ code: 'MTLS_ERR_PEM_INVALID' }, [string]> =
  createError('MTLS_ERR_PEM_INVALID', 'The PEM text is not valid: %s', 500)

/** An option of `createPartialIdentity` or `parsePeerIdentity` is unknown or has a wrong value. */
export const MTLS_ERR_IDENTITY_OPTION: FastifyErrorConstructor<{ code: 'MTLS_ERR_IDENTITY_OPTION' }, [string]> =
  createError('MTLS_ERR_IDENTITY_OPTION', 'Invalid identity option: %s', 500, TypeError)
