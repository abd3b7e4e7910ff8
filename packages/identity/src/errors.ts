import { CodedError, OptionError } from './internal/errors.ts'

/**
 * Why bytes were refused. The first group is about DER (X.690), the second about X.509 (RFC 5280).
 *
 * - `not_bytes`: the input is not a Uint8Array.
 * - `truncated`: an element is longer than the element that contains it.
 * - `trailing_data`: bytes follow after the end of the structure.
 * - `tag_unsupported`: tag 0 or a high tag number.
 * - `tag_unexpected`: another type than expected.
 * - `length_indefinite`, `length_not_minimal`: BER, but not DER.
 * - `too_large`: over a limit (certificate 100 KiB, OID 128 bytes, serial number 64 bytes, length of 2^32).
 * - `too_deep`: nested deeper than 32.
 * - `boolean_invalid`, `integer_invalid`, `bit_string_invalid`, `null_invalid`, `oid_invalid`, `time_invalid`,
 *   `string_invalid`: content that its type does not allow.
 * - `version_invalid`: a version other than 1, 2, 3, or one too low for the fields present.
 * - `serial_number_invalid`: negative (it has the same digits as a positive one).
 * - `signature_algorithm_mismatch`: inner and outer signature algorithm differ (RFC 5280 section 4.1.1.2).
 * - `name_invalid`: an empty RDN, or an attribute value that is not a string, bit string or sequence.
 * - `general_name_invalid`: an alternative name that is empty, has a wrong length, or has a character that its type
 *   forbids.
 * - `extension_duplicate`: the same extension twice (RFC 5280 section 4.2).
 * - `extension_invalid`: an extension whose content violates its definition.
 */
export type CertificateInvalidReason =
  | 'not_bytes' | 'truncated' | 'trailing_data' | 'tag_unsupported' | 'tag_unexpected' | 'length_indefinite'
  | 'length_not_minimal' | 'too_large' | 'too_deep' | 'boolean_invalid' | 'integer_invalid' | 'bit_string_invalid'
  | 'null_invalid' | 'oid_invalid' | 'time_invalid' | 'string_invalid' | 'version_invalid' | 'serial_number_invalid'
  | 'signature_algorithm_mismatch' | 'name_invalid' | 'general_name_invalid' | 'extension_duplicate'
  | 'extension_invalid'

/**
 * The bytes are not one strict DER X.509 certificate.
 *
 * @example
 * ```ts
 * try {
 *   parsePeerIdentity(client.der.subarray(0, 100))
 * } catch (error) {
 *   if (error instanceof CertificateInvalidError) console.log(error.reason, error.offset) // truncated 0
 * }
 * ```
 */
export class CertificateInvalidError extends CodedError {
  static readonly code = 'MTLS_ERR_CERTIFICATE_INVALID'
  override readonly code = 'MTLS_ERR_CERTIFICATE_INVALID'
  readonly reason: CertificateInvalidReason
  /** Where in the certificate, in bytes. */
  readonly offset: number

  constructor (detail: string, { reason, offset }: Pick<CertificateInvalidError, 'reason' | 'offset'>) {
    super(`The certificate is not valid: ${detail}`)
    this.reason = reason
    this.offset = offset
  }
}

/**
 * The bytes are not strict DER. `@peerkit/identity/der` and the parsers of single fields in `/x509` throw it.
 *
 * @example
 * ```ts
 * try {
 *   readElement(Uint8Array.of(0x30, 0x80), 0)
 * } catch (error) {
 *   if (error instanceof DerInvalidError) console.log(error.reason, error.offset) // length_indefinite 1
 * }
 * ```
 */
export class DerInvalidError extends CodedError {
  static readonly code = 'MTLS_ERR_DER_INVALID'
  override readonly code = 'MTLS_ERR_DER_INVALID'
  readonly reason: CertificateInvalidReason
  /** Where in the parsed bytes. */
  readonly offset: number
  /** What is wrong and where, without the introduction of the message. */
  readonly detail: string

  constructor (reason: CertificateInvalidReason, offset: number, what?: string) {
    const detail = `${reason} at offset ${offset}${what === undefined ? '' : ` (${what})`}`
    super(`The bytes are not valid DER: ${detail}`)
    this.reason = reason
    this.offset = offset
    this.detail = detail
  }
}

/**
 * Throws a {@link DerInvalidError}.
 *
 * @param offset counts bytes of the reader's input
 * @example
 * ```ts
 * const readVersion = (octet: number) => octet <= 2 ? octet + 1 : malformed('version_invalid', 0, `found ${octet}`)
 * console.log(readVersion(2)) // 3
 * ```
 */
export function malformed (reason: CertificateInvalidReason, offset: number, detail?: string): never {
  throw new DerInvalidError(reason, offset, detail)
}

/** Converts a DerInvalidError to a CertificateInvalidError. Returns any other error unchanged. */
export function asCertificateError (error: unknown): unknown {
  return error instanceof DerInvalidError ? new CertificateInvalidError(error.detail, error) : error
}

/** Why the text of a distinguished name was refused. */
export type NameInvalidReason =
  | 'not_a_string' | 'attribute_type_missing' | 'attribute_type_unknown' | 'equals_sign_missing' | 'escape_invalid'
  | 'character_unescaped' | 'hex_value_invalid' | 'text_invalid' | 'too_long'

/**
 * The text is not an RFC 4514 distinguished name, or an attribute type is unknown.
 *
 * @example
 * ```ts
 * try {
 *   parseDistinguishedName('CN=alice,X=1')
 * } catch (error) {
 *   if (error instanceof NameInvalidError) console.log(error.reason, error.position) // attribute_type_unknown 9
 * }
 * ```
 */
export class NameInvalidError extends CodedError {
  static readonly code = 'MTLS_ERR_NAME_INVALID'
  override readonly code = 'MTLS_ERR_NAME_INVALID'
  readonly reason: NameInvalidReason
  /** Where in the text. */
  readonly position: number
  /** What is wrong and where, without the introduction of the message. */
  readonly detail: string

  constructor (reason: NameInvalidReason, position: number, what: string) {
    const detail = `${what} at position ${position}`
    super(`The distinguished name is not valid: ${detail}`)
    this.reason = reason
    this.position = position
    this.detail = detail
  }
}

/** Why a SPIFFE ID was refused. */
export type SpiffeIdInvalidReason =
  | 'not_a_string' | 'too_long' | 'scheme' | 'trust_domain_missing' | 'trust_domain_too_long'
  | 'trust_domain_character' | 'path_empty_segment' | 'path_dot_segment' | 'path_trailing_slash' | 'path_character'

/**
 * The text is not a SPIFFE ID.
 *
 * @example
 * ```ts
 * try {
 *   parseSpiffeId('https://prod.example')
 * } catch (error) {
 *   if (error instanceof SpiffeIdInvalidError) console.log(error.reason) // scheme
 * }
 * ```
 */
export class SpiffeIdInvalidError extends CodedError {
  static readonly code = 'MTLS_ERR_SPIFFE_ID_INVALID'
  override readonly code = 'MTLS_ERR_SPIFFE_ID_INVALID'
  readonly reason: SpiffeIdInvalidReason
  /** What is wrong, without the introduction of the message. */
  readonly detail: string

  constructor (reason: SpiffeIdInvalidReason, detail: string) {
    super(`The SPIFFE ID is not valid: ${detail}`)
    this.reason = reason
    this.detail = detail
  }
}

/** Why a PEM text was refused. */
export type PemInvalidReason =
  | 'not_text' | 'label_invalid' | 'no_block' | 'boundary_misplaced' | 'block_unterminated' | 'base64_invalid'
  | 'block_empty' | 'block_unsupported'

/**
 * The text has no PEM block of the expected label, or a damaged one.
 *
 * @example
 * ```ts
 * try {
 *   decodePem('no PEM')
 * } catch (error) {
 *   if (error instanceof PemInvalidError) console.log(error.reason) // no_block
 * }
 * ```
 */
export class PemInvalidError extends CodedError {
  static readonly code = 'MTLS_ERR_PEM_INVALID'
  override readonly code = 'MTLS_ERR_PEM_INVALID'
  readonly reason: PemInvalidReason

  constructor (reason: PemInvalidReason, detail: string) {
    super(`The PEM text is not valid: ${detail}`)
    this.reason = reason
  }
}

/**
 * An option of `createPartialIdentity` or `parsePeerIdentity` is unknown or has a wrong value.
 *
 * @example
 * ```ts
 * try {
 *   createPartialIdentity({ fingerprint256: 'ab' })
 * } catch (error) {
 *   if (error instanceof IdentityOptionError) console.log(error.message) // … expected a SHA-256 in 64 hex digits
 * }
 * ```
 */
export class IdentityOptionError extends OptionError {
  static readonly code = 'MTLS_ERR_IDENTITY_OPTION'
  override readonly code = 'MTLS_ERR_IDENTITY_OPTION'

  constructor (detail: string) {
    super(`Invalid identity option: ${detail}`)
  }
}
