import type { RefusalReason } from './inbound-messages.ts'

/** What one kind of failed handshake means, and what to do about it. */
export interface HandshakeFailure {
  readonly reason: RefusalReason
  /**
   * The error codes of OpenSSL and of Node, or the steps of `detail`, that this entry is for. An empty list means any
   * other code. A `*` at the end of a code matches the rest of it.
   */
  readonly codes: readonly string[]
  /** One or more sentences: what happened. */
  readonly meaning: string
  /** One or more sentences: what to do. */
  readonly remedy: string
}

/** Every known failure. For one reason, entries with codes come before the entry for any other code. */
export const handshakeFailures: readonly HandshakeFailure[] = Object.freeze([
  row(
    'no_certificate',
    ['ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'],
    'The client sent no certificate.',
    'Configure the client with a certificate and key. If it has them, check that its issuer is among the CAs that ' +
      'this server names: some clients send a certificate only if its issuer is in that list.'
  ),
  row(
    'no_certificate',
    [],
    'The client sent no certificate.',
    'Configure the client with a certificate and key. For a health probe without a certificate, set ' +
      'clientCertificate to "optional" on the server, and open the probe\'s route alone: by allowedClients "public", ' +
      'or by clientCertificate "optional" if the app has no rules.'
  ),
  row(
    'unknown_ca',
    ['other_side'],
    'The authority of the CA is for servers only (option for), and a client presents the certificate.',
    'If clients of that authority may call, set the option for to "both". If not, give the client a certificate of ' +
      'another CA.'
  ),
  row(
    'unknown_ca',
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
    'The certificate leads to no trusted CA. Either an unknown CA issued it, or the client did not send an ' +
      'intermediate certificate.',
    'See the field detail for the missing issuer. If it belongs to a trusted root, configure the client to send its ' +
      'whole chain, or list it in the credentials option intermediates. If it is a root that should be trusted, add ' +
      'it to ca.'
  ),
  row(
    'unknown_ca',
    ['DEPTH_ZERO_SELF_SIGNED_CERT'],
    'The certificate is self-signed: no CA issued it.',
    'Have a trusted CA issue a certificate for the client.'
  ),
  row(
    'unknown_ca',
    ['SELF_SIGNED_CERT_IN_CHAIN'],
    'The chain ends at a root CA that this server does not trust.',
    'If clients of that root should be able to connect, add it to ca.'
  ),
  row(
    'unknown_ca',
    [],
    'The certificate leads to no trusted CA.',
    'See the field detail for the missing issuer or the wrong signature. If a root should be trusted, add it to ca. ' +
      'If clients do not send an intermediate certificate, list it in the credentials option intermediates.'
  ),
  row(
    'expired',
    [],
    'The client\'s certificate, or a CA certificate above it, has expired. The field detail says which.',
    'Renew it, and find out why it was not renewed in time. If many clients fail at once, check the clock of this ' +
      'machine.'
  ),
  row(
    'not_yet_valid',
    [],
    'The certificate is not valid yet: its start date is in the future.',
    'Usually a clock is wrong. Compare the clocks of the CA, of the client and of this machine.'
  ),
  row(
    'revoked',
    [],
    'The certificate, or a CA certificate above it, was revoked by its CA.',
    'Find out why before you issue a new one. If the revocation was a mistake, only the CA can undo it.'
  ),
  row(
    'revocation_unknown',
    [],
    'The revocation policy is hard, and no current CRL or OCSP answer covers the certificate or a CA certificate ' +
      'above it.',
    'See the fields why and detail for the CRL or answer that is missing or out of date. Look for ' +
      'peerkit:revocation:failed. Publish a new CRL of that issuer, or repair its OCSP responder. The CRL of an ' +
      'intermediate CA is used only if that CA is listed in intermediates or crlIssuers.'
  ),
  row(
    'wrong_purpose',
    [],
    'The certificate, or a CA certificate above it, must not be used by clients: its extended key usage lacks ' +
      'clientAuth, or its key usage does not allow signatures. The field detail says which.',
    'Issue a certificate with the extended key usage clientAuth. If detail names a CA, issue from a CA without such ' +
      'a limit. Public web CAs no longer issue certificates for clients: use a private CA.'
  ),
  row(
    'ca_as_leaf',
    [],
    'The client presented a CA\'s own certificate, or a certificate that does not say that it is not a CA.',
    'Issue a certificate with basicConstraints CA:FALSE for the client. A CA\'s key does not belong on a client.'
  ),
  row(
    'bad_chain',
    ['INVALID_CA'],
    'A certificate in the chain was issued by a certificate that is not a CA.',
    'Find out who issued it. A key that is not a CA\'s was used to sign: a mistake in the PKI, or an attack.'
  ),
  row(
    'bad_chain',
    ['PATH_LENGTH_EXCEEDED', 'CERT_CHAIN_TOO_LONG'],
    'The chain is longer than one of its CAs allows.',
    'Check pathLenConstraint in the CA certificates. Issue from a CA that is closer to the root.'
  ),
  row(
    'bad_chain',
    ['CERT_SIGNATURE_FAILURE'],
    'A signature in the chain is wrong.',
    'The certificate was damaged or forged, or an intermediate certificate has the right name and another key. ' +
      'Compare the client\'s files with what its CA issued.'
  ),
  row(
    'bad_chain',
    ['CA_MD_TOO_WEAK', 'EE_KEY_TOO_SMALL', 'CA_KEY_TOO_SMALL'],
    'A key or a hash algorithm in the chain is too weak for OpenSSL\'s security level.',
    'Issue certificates with SHA-256, and with keys of P-256 or of RSA with at least 2048 bits.'
  ),
  row(
    'bad_chain',
    [],
    'A certificate in the chain breaks a rule of RFC 5280, or uses an algorithm or key that is not accepted. ' +
      'The field code or detail says which.',
    'Replace the certificate that detail names. To repeat the check with stored certificates, run peerkit trust check.'
  ),
  row(
    'outside_authority',
    [],
    'The certificate contains a name that the authority of its CA does not vouch for, or it lacks a name of a kind ' +
      'that the authority requires. The field detail says which.',
    'Compare the names of the certificate with the option names of that authority. Widen names if the certificate is ' +
      'right, or issue one with the right names. If nobody asked for the certificate, ask the operator of the CA why ' +
      'it was issued.'
  ),
  row(
    'blocked',
    [],
    'The certificate is on the list of the option block. The field detail contains the reason that the list gives.',
    'To let the client in again, remove the entry from the list. To keep it out for good, revoke the certificate at ' +
      'its CA as well.'
  ),
  row(
    'unreadable',
    [],
    'The certificate is too large, or is not encoded as RFC 5280 requires. The field detail says what is ' +
      'wrong.',
    'Issue the certificate again with another tool. ' +
      'If none of your clients could have sent it, treat it as an attack.'
  ),
  row(
    'resumption_refused',
    [],
    'The client resumed a session, and this process does not know the CA that issued its certificate. ' +
      'The connection was reset. The next handshake of the client is a full one.',
    'Nothing has to be done. To avoid it, list the CA in the credentials option intermediates.'
  ),
  row(
    'ca_removed',
    ['other_side'],
    'The authority of the CA is for servers only now (option for).',
    'If its clients may call, set the option for to "both". The event peerkit:credentials:rotated says when it changed.'
  ),
  row(
    'ca_removed',
    [],
    'The CA that vouched for the certificate is no longer trusted.',
    'Give the client a certificate of a CA that is trusted now. The event peerkit:credentials:rotated says when the ' +
      'CA was removed.'
  ),
  row(
    'timeout',
    ['ERR_TLS_HANDSHAKE_TIMEOUT'],
    'The client did not finish the handshake in time.',
    'The network is slow, the client hangs, or it is a port scan or an attempt to use up connections. See how many ' +
      'such handshakes come from this address.'
  ),
  row(
    'timeout',
    [],
    'The revocation check did not finish in time, usually because an OCSP responder does not answer.',
    'Look for peerkit:revocation:failed. Raise revocationTimeout only if the responder works and is slow.'
  ),
  row(
    'protocol',
    ['ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'],
    'The client sent no certificate.',
    'Configure the client with a certificate and key.'
  ),
  row(
    'protocol',
    ['ERR_SSL_HTTP_REQUEST'],
    'The client sent plain HTTP to a TLS port.',
    'Call https:// instead of http://. Health probes often use the wrong scheme.'
  ),
  row(
    'protocol',
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_RECORD_LAYER_FAILURE', 'ERR_SSL_PACKET_LENGTH_TOO_LONG'],
    'The client sent something that is not TLS.',
    'It is a port scan, a PROXY protocol header that a load balancer adds, or another protocol on this port.'
  ),
  row(
    'protocol',
    ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'ERR_SSL_VERSION_TOO_LOW', 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'],
    'Client and server have no TLS version in common.',
    'The client is too old, or limited to TLS 1.1 or older: update it. The option minVersion sets the lowest version ' +
      'that this server accepts.'
  ),
  row(
    'protocol',
    [
      'ERR_SSL_NO_SHARED_CIPHER', 'ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM', 'ERR_SSL_NO_SUITABLE_KEY_SHARE',
      'ERR_SSL_NO_SHARED_SIGNATURE_ALGORITHMS'
    ],
    'Client and server have no cipher, curve or signature algorithm in common.',
    'The usual causes are old clients and Ed25519 keys. Use P-256 certificates, or update the client.'
  ),
  row(
    'protocol',
    ['ERR_SSL_NO_APPLICATION_PROTOCOL', 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL'],
    'The client offers only application protocols that this server does not support.',
    'A client that supports only HTTP/2 needs a server with http2: true. ' +
      'A client that supports only HTTP/1.1 needs allowHTTP1.'
  ),
  row(
    'protocol',
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'],
    'The client does not trust this server\'s certificate: it does not know the CA.',
    'Give the client the CA that issued this server\'s certificate, and check that the server sends its intermediate ' +
      'certificates.'
  ),
  row(
    'protocol',
    ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', 'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED'],
    'The client says that this server\'s certificate has expired.',
    'Renew this server\'s certificate. If it has not expired, compare the clocks.'
  ),
  row(
    'protocol',
    ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED', 'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_REVOKED'],
    'The client says that this server\'s certificate was revoked.',
    'Ask the CA why, and renew this server\'s certificate.'
  ),
  row(
    'protocol',
    [
      'ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN', 'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN',
      'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', 'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE',
      'ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE', 'ERR_SSL_SSL/TLS_ALERT_UNSUPPORTED_CERTIFICATE'
    ],
    'The client does not accept this server\'s certificate.',
    'Usually the certificate lacks the host name that the client called, or the client does not know the CA. Run ' +
      'peerkit probe to find out.'
  ),
  row(
    'protocol',
    ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE'],
    'The client ended the handshake without a reason.',
    'Look into the log of the client. The usual causes are ciphers and certificates.'
  ),
  row(
    'protocol',
    ['ECONNRESET', 'EPIPE', 'ERR_SSL_UNEXPECTED_EOF_WHILE_READING'],
    'The client closed the connection before the handshake was finished.',
    'TCP health checks and port scans do this. So do clients that reject this server\'s certificate without an alert.'
  ),
  row(
    'protocol',
    ['ERR_SSL_*'],
    'OpenSSL ended the handshake. The code says why.',
    'Run peerkit probe or openssl s_client against this server, and compare.'
  ),
  row(
    'protocol',
    [],
    'The handshake failed before the client\'s certificate could be checked.',
    'Usually it is a port scan, a TCP health check or a broken network.'
  )
])

const found = new Map<string, HandshakeFailure>()
const MAX_FOUND = 500

/**
 * Finds what a refused handshake means. If no entry names the code, the entry for any other code of the reason is used.
 *
 * @param reason the `reason` of `peerkit:handshake:refused`
 * @param code its `code`, if it has one
 * @param step the `step` of its `detail`, if it has one. An entry for the step comes before one for the code
 * @returns the meaning and the remedy
 * @example
 * ```ts
 * const { meaning, remedy } = explainHandshakeFailure('unknown_ca', 'DEPTH_ZERO_SELF_SIGNED_CERT')
 * console.log(meaning, remedy)
 * ```
 */
export function explainHandshakeFailure (reason: RefusalReason, code?: string, step?: string): HandshakeFailure {
  const key = `${reason} ${code ?? ''} ${step ?? ''}`
  const known = found.get(key)
  if (known !== undefined) return known
  const rows = handshakeFailures.filter((each) => each.reason === reason)
  const fits = (pattern: string): boolean => {
    return pattern.endsWith('*') ? code?.startsWith(pattern.slice(0, -1)) === true : code === pattern
  }
  const byStep = rows.find(({ codes }) => step !== undefined && codes.includes(step))
  const failure = byStep ?? rows.find(({ codes }) => codes.some(fits)) ?? rows.at(-1) ??
    row(reason, [], 'The handshake was refused.', 'See the reason.')
  // OpenSSL's list of codes is finite. The limit holds even if a later version passes other texts.
  if (found.size < MAX_FOUND) found.set(key, failure)
  return failure
}

/**
 * Describes a refused handshake in one line for a log: what it means, and what to do.
 *
 * @param reason the `reason` of `peerkit:handshake:refused`
 * @param code its `code`, if it has one
 * @param step the `step` of its `detail`, if it has one. An entry for the step comes before one for the code
 * @example
 * ```ts
 * console.log(hintHandshakeFailure('expired'))
 * ```
 */
export function hintHandshakeFailure (reason: RefusalReason, code?: string, step?: string): string {
  const { meaning, remedy } = explainHandshakeFailure(reason, code, step)
  return `${meaning} ${remedy}`
}

function row (reason: RefusalReason, codes: readonly string[], meaning: string, remedy: string): HandshakeFailure {
  return Object.freeze({ reason, codes: Object.freeze(codes), meaning, remedy })
}
