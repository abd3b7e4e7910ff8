import {
  decodeBase64, decodeBase64Sequence, decodeByteSequence, decodeByteSequenceList, decodeEscapedPem, decodePemText
} from '../headers/encodings.ts'
import { createCertificateFormat, decodeOne } from '../headers/header-format.ts'
import type { Decoder, HeaderFormat, HeaderNames, HeaderValues, Verdict } from '../headers/header-format.ts'

/**
 * Encoding of a certificate in a header.
 *
 * - `byte-sequence`: `:` base64 DER `:` (RFC 9440); a chain is separated by commas
 * - `base64-der`: base64 of DER; a chain is one concatenation
 * - `pem-escaped`: percent-encoded PEM, in which a `+` is a literal `+`
 * - `pem-spaces`: PEM whose newlines are spaces or tabs
 */
export type CertificateEncoding = 'byte-sequence' | 'base64-der' | 'pem-escaped' | 'pem-spaces'

export interface CustomFormatParts {
  readonly headers: HeaderNames
  readonly encoding: CertificateEncoding
  readonly chainEncoding: CertificateEncoding
  readonly carriesChain: boolean
  readonly verifiedValue: string | undefined
  readonly noneValues: readonly string[]
  readonly verifies: boolean
}

const ONE: Readonly<Record<CertificateEncoding, Decoder>> = {
  'byte-sequence': decodeOne(decodeByteSequence),
  'base64-der': decodeOne(decodeBase64),
  'pem-escaped': decodeEscapedPem,
  'pem-spaces': decodePemText
}
const MANY: Readonly<Record<CertificateEncoding, Decoder>> = {
  ...ONE,
  'byte-sequence': decodeByteSequenceList,
  'base64-der': decodeBase64Sequence
}
export const CERTIFICATE_ENCODINGS: readonly string[] = Object.keys(ONE)

/** Creates the format of a gateway that has no preset. */
export function createCustomFormat ({
  headers,
  encoding,
  chainEncoding,
  carriesChain,
  verifiedValue,
  noneValues,
  verifies
}: CustomFormatParts): HeaderFormat {
  const verdict = ({ verified }: HeaderValues): Verdict =>
    verified === undefined
      ? 'missing'
      : verified === verifiedValue
        ? 'verified'
        : noneValues.includes(verified)
          ? 'none'
          : 'failed'
  return createCertificateFormat({
    headers,
    verifies,
    decode: (carriesChain ? MANY : ONE)[encoding],
    carriesChain,
    decodeChain: MANY[chainEncoding],
    noneTexts: noneValues,
    ...(headers.verified !== undefined && { verdict })
  })
}
