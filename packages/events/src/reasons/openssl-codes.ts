import type { CertificateReason, ReasonText } from './reasons.ts'

/** What a verification code of OpenSSL means. */
export interface VerifyCode {
  readonly reason: CertificateReason
  /** Whether the code is always about the peer's own certificate, and not about one above it. */
  readonly isAboutLeaf: boolean
  /** A short clause about the certificate: `it is self-signed, and not one of the CAs`. */
  readonly clause: string
  /** What the code says more than its reason. */
  readonly text: ReasonText | undefined
}

const MISSING_ISSUER: ReasonText = {
  meaning: 'The certificate leads to no trusted CA. Either an unknown CA issued it, or the peer did not send an ' +
    'intermediate certificate.',
  remedy: 'See the field detail for the missing issuer. If it belongs to a trusted root, configure the peer to send ' +
    'its whole chain, or list it in the credentials option intermediates. If it is a root that should be trusted, ' +
    'add it to ca.'
}
const TOO_LONG: ReasonText = {
  meaning: 'The chain is longer than one of its CAs allows.',
  remedy: 'Check pathLenConstraint in the CA certificates. Issue from a CA that is closer to the root.'
}

/**
 * The verification codes of OpenSSL as Node names them: `X509_V_ERR_…` without that prefix. Node reports a code that it
 * has no name for as `UNSPECIFIED`.
 *
 * @example
 * ```ts
 * console.log(verifyCodes['CERT_HAS_EXPIRED']?.reason) // expired
 * ```
 */
export const verifyCodes: Readonly<Record<string, VerifyCode>> = Object.freeze({
  UNABLE_TO_GET_ISSUER_CERT: leaf('unknown_ca', 'the issuer of an intermediate is missing', MISSING_ISSUER),
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    code('unknown_ca', 'its chain leads to no CA, or an intermediate is missing', MISSING_ISSUER),
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    leaf('unknown_ca', 'no CA issued it, and no intermediate was sent that leads to a CA', MISSING_ISSUER),
  DEPTH_ZERO_SELF_SIGNED_CERT: leaf('unknown_ca', 'it is self-signed and not one of the CAs', {
    meaning: 'The certificate is self-signed: no CA issued it.',
    remedy: 'Have a trusted CA issue a certificate for the peer.'
  }),
  SELF_SIGNED_CERT_IN_CHAIN: code('unknown_ca', 'its root is not one of the CAs', {
    meaning: 'The chain ends at a root CA that is not trusted here.',
    remedy: 'If peers of that root should be accepted, add it to ca.'
  }),
  CERT_UNTRUSTED: code('unknown_ca', 'its root is not trusted for this purpose'),
  CERT_HAS_EXPIRED: code('expired', 'it or a CA of its chain has expired'),
  CERT_NOT_YET_VALID: code('not_yet_valid', 'it or a CA of its chain is not valid yet'),
  CERT_REVOKED: code('revoked', 'it or a CA of its chain was revoked'),
  UNABLE_TO_GET_CRL: code('revocation_unknown', 'a CRL is missing'),
  CRL_HAS_EXPIRED: code('revocation_unknown', 'a CRL has expired'),
  CRL_NOT_YET_VALID: code('revocation_unknown', 'a CRL is not valid yet'),
  CRL_SIGNATURE_FAILURE: code('revocation_unknown', 'the signature of a CRL is invalid'),
  UNABLE_TO_DECRYPT_CRL_SIGNATURE: code('revocation_unknown', 'the signature of a CRL cannot be read'),
  ERROR_IN_CRL_LAST_UPDATE_FIELD: code('revocation_unknown', 'the time of a CRL cannot be read'),
  ERROR_IN_CRL_NEXT_UPDATE_FIELD: code('revocation_unknown', 'the time of a CRL cannot be read'),
  INVALID_PURPOSE: code('wrong_purpose', 'its extended key usage is not for this purpose'),
  CERT_REJECTED: code('wrong_purpose', 'its root is rejected for this purpose'),
  INVALID_CA: code('bad_chain', 'a certificate of its chain is not a CA', {
    meaning: 'A certificate in the chain was issued by a certificate that is not a CA.',
    remedy: 'Find out who issued it. A key that is not a CA\'s was used to sign: a mistake in the PKI, or an attack.'
  }),
  PATH_LENGTH_EXCEEDED: code('bad_chain', 'its chain is longer than a CA allows', TOO_LONG),
  CERT_CHAIN_TOO_LONG: code('bad_chain', 'its chain is too long', TOO_LONG),
  CERT_SIGNATURE_FAILURE: code('bad_chain', 'a signature is invalid', {
    meaning: 'A signature in the chain is wrong.',
    remedy: 'The certificate was damaged or forged, or an intermediate certificate has the right name and another ' +
      'key. Compare the files of the peer with what its CA issued.'
  }),
  UNABLE_TO_DECRYPT_CERT_SIGNATURE: code('bad_chain', 'a signature cannot be read'),
  UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: code('bad_chain', 'the key of an issuer cannot be read'),
  CA_MD_TOO_WEAK: code('weak', 'the hash algorithm of a signature is too weak'),
  EE_KEY_TOO_SMALL: leaf('weak', 'its key is too small'),
  CA_KEY_TOO_SMALL: code('weak', 'the key of a CA of its chain is too small'),
  ERROR_IN_CERT_NOT_BEFORE_FIELD: code('unreadable', 'a start date cannot be read'),
  ERROR_IN_CERT_NOT_AFTER_FIELD: code('unreadable', 'an end date cannot be read'),
  OUT_OF_MEM: code('bad_chain', 'OpenSSL ran out of memory'),
  UNSPECIFIED: code('bad_chain', 'OpenSSL refused it for a reason that Node does not name')
})

/**
 * What a code of OpenSSL or Node means if it is a verification code, otherwise undefined.
 *
 * @example
 * ```ts
 * console.log(findVerifyCode('CERT_HAS_EXPIRED')?.clause) // it or a CA of its chain has expired
 * ```
 */
export function findVerifyCode (name: string | undefined): VerifyCode | undefined {
  return name !== undefined && Object.hasOwn(verifyCodes, name) ? verifyCodes[name] : undefined
}

/**
 * The reason for a verification code of OpenSSL. A code of a later version is `bad_chain`.
 *
 * @example
 * ```ts
 * console.log(reasonOfVerifyCode('INVALID_PURPOSE')) // wrong_purpose
 * ```
 */
export function reasonOfVerifyCode (name: string | undefined): CertificateReason {
  return findVerifyCode(name)?.reason ?? 'bad_chain'
}

function code (reason: CertificateReason, clause: string, text?: ReasonText): VerifyCode {
  return Object.freeze({ reason, isAboutLeaf: false, clause, text })
}

function leaf (reason: CertificateReason, clause: string, text?: ReasonText): VerifyCode {
  return Object.freeze({ reason, isAboutLeaf: true, clause, text })
}
