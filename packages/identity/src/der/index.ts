import '../supported-node.ts'
export { DerReader, MAX_DEPTH, checkWellFormed } from './reader.ts'
export { expectElement, expectOnly, readElement } from './element.ts'
export type { DerElement } from './element.ts'
export {
  checkInteger,
  checkNull,
  decodeBitString,
  decodeBoolean,
  decodeIntegerHex,
  decodeSmallInteger,
  toHex
} from './primitives.ts'
export type { DerBits } from './primitives.ts'
export { MAX_OID_OCTETS, decodeObjectIdentifier, isObjectIdentifier } from './object-identifier.ts'
export { decodeTime } from './time.ts'
export { decodeText, textEncodingOf } from './text.ts'
export type { TextEncoding } from './text.ts'
export { TAG } from './tags.ts'
export { decodePem, encodePem } from '../pem.ts'
export { MTLS_ERR_DER_INVALID } from '../errors.ts'
export { malformed } from '../reasons.ts'
export type { CertificateInvalidReason, DerInvalidError } from '../reasons.ts'
export { decodeSignedHex, encodeSignedHex } from './signed-hex.ts'
