import {
  MTLS_ERR_CERTIFICATE_INVALID,
  MTLS_ERR_DER_INVALID,
  MTLS_ERR_NAME_INVALID,
  MTLS_ERR_PEM_INVALID,
  MTLS_ERR_SPIFFE_ID_INVALID
} from './errors.ts'

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

/** Properties of `MTLS_ERR_DER_INVALID`; `offset` is in the parsed bytes. */
export interface DerInvalidError extends Error {
  readonly code: 'MTLS_ERR_DER_INVALID'
  readonly reason: CertificateInvalidReason
  readonly offset: number
}

/** Properties of `MTLS_ERR_CERTIFICATE_INVALID`; `offset` is in the certificate. */
export interface CertificateInvalidError extends Error {
  readonly code: 'MTLS_ERR_CERTIFICATE_INVALID'
  readonly reason: CertificateInvalidReason
  readonly offset: number
}

/** Why the text of a distinguished name was refused; see {@link NameInvalidError}. */
export type NameInvalidReason =
  | 'not_a_string' | 'attribute_type_missing' | 'attribute_type_unknown' | 'equals_sign_missing' | 'escape_invalid'
  | 'character_unescaped' | 'hex_value_invalid' | 'text_invalid' | 'too_long'

/** Properties of `MTLS_ERR_NAME_INVALID`; `position` is in the text. */
export interface NameInvalidError extends Error {
  readonly code: 'MTLS_ERR_NAME_INVALID'
  readonly reason: NameInvalidReason
  readonly position: number
}

/** Why a SPIFFE ID was refused. */
export type SpiffeIdInvalidReason =
  | 'not_a_string' | 'too_long' | 'scheme' | 'trust_domain_missing' | 'trust_domain_too_long'
  | 'trust_domain_character' | 'path_empty_segment' | 'path_dot_segment' | 'path_trailing_slash' | 'path_character'

/** Properties of `MTLS_ERR_SPIFFE_ID_INVALID`. */
export interface SpiffeIdInvalidError extends Error {
  readonly code: 'MTLS_ERR_SPIFFE_ID_INVALID'
  readonly reason: SpiffeIdInvalidReason
}

/** Why a PEM text was refused. */
export type PemInvalidReason =
  | 'not_text' | 'label_invalid' | 'no_block' | 'boundary_misplaced' | 'block_unterminated' | 'base64_invalid'
  | 'block_empty' | 'block_unsupported'

/** Properties of `MTLS_ERR_PEM_INVALID`. */
export interface PemInvalidError extends Error {
  readonly code: 'MTLS_ERR_PEM_INVALID'
  readonly reason: PemInvalidReason
}

/**
 * Throws `MTLS_ERR_DER_INVALID`. `offset` counts bytes of the reader's input.
 *
 * @example
 * ```ts
 * const readVersion = (octet: number) => octet <= 2 ? octet + 1 : malformed('version_invalid', 0, `found ${octet}`)
 * console.log(readVersion(2)) // 3
 * ```
 */
export function malformed (reason: CertificateInvalidReason, offset: number, detail?: string): never {
  const text = `${reason} at offset ${offset}${detail === undefined ? '' : ` (${detail})`}`
  throw Object.assign(new MTLS_ERR_DER_INVALID(text), { reason, offset })
}

/** Converts `MTLS_ERR_DER_INVALID` to `MTLS_ERR_CERTIFICATE_INVALID`. Returns any other error unchanged. */
export function asCertificateError (error: unknown): unknown {
  if (!(error instanceof MTLS_ERR_DER_INVALID)) return error
  const { reason, offset, message } = error as unknown as DerInvalidError
  const text = message.slice(message.indexOf(': ') + 2)
  return Object.assign(new MTLS_ERR_CERTIFICATE_INVALID(text), { reason, offset })
}

/** Throws `MTLS_ERR_NAME_INVALID`. */
export function refuseName (reason: NameInvalidReason, position: number, detail: string): never {
  throw Object.assign(new MTLS_ERR_NAME_INVALID(`${detail} at position ${position}`), { reason, position })
}

/** Throws `MTLS_ERR_SPIFFE_ID_INVALID`. */
export function refuseSpiffeId (reason: SpiffeIdInvalidReason, detail: string): never {
  throw Object.assign(new MTLS_ERR_SPIFFE_ID_INVALID(detail), { reason })
}

/** Throws `MTLS_ERR_PEM_INVALID`. */
export function refusePem (reason: PemInvalidReason, detail: string): never {
  throw Object.assign(new MTLS_ERR_PEM_INVALID(detail), { reason })
}
