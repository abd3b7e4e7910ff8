import createError from '@fastify/error'
import type { FastifyErrorConstructor } from '@fastify/error'

/** A certificate's bytes are not one strict DER X.509 certificate. Carries `reason` and `offset`, see {@link CertificateInvalidError}. */
export const MTLS_ERR_CERTIFICATE_INVALID: FastifyErrorConstructor<{ code: 'MTLS_ERR_CERTIFICATE_INVALID' }, [string]> =
  createError('MTLS_ERR_CERTIFICATE_INVALID', 'The certificate is not valid: %s', 401)

/** Bytes are not the strict DER expected (thrown by `@peerkit/identity/der` and the readers of single fields in `/x509`). Carries `reason` and `offset`. */
export const MTLS_ERR_DER_INVALID: FastifyErrorConstructor<{ code: 'MTLS_ERR_DER_INVALID' }, [string]> =
  createError('MTLS_ERR_DER_INVALID', 'The bytes are not valid DER: %s', 400)

/** A text is not an RFC 4514 distinguished name, or an attribute type is unknown. Carries `reason` and `position`. */
export const MTLS_ERR_NAME_INVALID: FastifyErrorConstructor<{ code: 'MTLS_ERR_NAME_INVALID' }, [string]> =
  createError('MTLS_ERR_NAME_INVALID', 'The distinguished name is not valid: %s', 500)

/** A text is not a SPIFFE ID. Carries `reason`. */
export const MTLS_ERR_SPIFFE_ID_INVALID: FastifyErrorConstructor<{ code: 'MTLS_ERR_SPIFFE_ID_INVALID' }, [string]> =
  createError('MTLS_ERR_SPIFFE_ID_INVALID', 'The SPIFFE ID is not valid: %s', 500)

/** A text holds no PEM block of the expected label, or a damaged one. Carries `reason`. */
export const MTLS_ERR_PEM_INVALID: FastifyErrorConstructor<{ code: 'MTLS_ERR_PEM_INVALID' }, [string]> =
  createError('MTLS_ERR_PEM_INVALID', 'The PEM text is not valid: %s', 500)

/** `createPartialIdentity` or `parsePeerIdentity` was given an option it does not know or cannot use. */
export const MTLS_ERR_IDENTITY_OPTION: FastifyErrorConstructor<{ code: 'MTLS_ERR_IDENTITY_OPTION' }, [string]> =
  createError('MTLS_ERR_IDENTITY_OPTION', 'Invalid identity option: %s', 500)
