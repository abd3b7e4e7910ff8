import '../supported-node.ts'
export { DerReader, MAX_DEPTH, checkWellFormed, expectElement, expectOnly, readElement } from './reader.ts'
export type { DerElement } from './reader.ts'
export {
  TAG, checkInteger, checkNull, decodeBitString, decodeBoolean, decodeIntegerHex, decodeSignedHex, decodeSmallInteger,
  encodeSignedHex, toHex
} from './primitives.ts'
export type { DerBits } from './primitives.ts'
export { MAX_OID_OCTETS, decodeObjectIdentifier, isObjectIdentifier } from './object-identifier.ts'
export { decodeText, decodeTime, textEncodingOf } from './text.ts'
export type { TextEncoding } from './text.ts'
export { decodePem, encodePem } from '../pem.ts'
export { DerInvalidError, malformed } from '../errors.ts'
export type { CertificateInvalidReason } from '../errors.ts'
