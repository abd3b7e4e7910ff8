import type { RefusalReason } from './inbound-messages.ts'

/** A row of the table of handshake failures: what the failure means and what to do. */
export interface HandshakeFailure {
  readonly reason: RefusalReason
  /** The OpenSSL and Node codes of this row. Empty: any other code. A `*` at the end matches the rest of a code. */
  readonly codes: readonly string[]
  readonly meaning: string
  readonly remedy: string
}

/** The table of handshake failures. The first row that matches reason and code applies. */
export const handshakeFailures: readonly HandshakeFailure[] = Object.freeze([
  row(
    'no_certificate',
    ['ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'],
    'The client sent no certificate.',
    'Configure the client with a certificate and key. Some clients send none if the server does not name their issuer.'
  ),
  row(
    'no_certificate',
    [],
    'The client sent no certificate.',
    'Configure the client with a certificate and key. For health probes without one, set clientCertificate ' +
      'to "optional" on the server and only on that route.'
  ),
  row(
    'unknown_ca',
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
    'No path from the certificate to a trusted CA: another CA issued it, or the client did not send an intermediate.',
    'See detail for the missing issuer. If it belongs to a trusted root, configure the client to send its whole ' +
      'chain, or list it in the credentials option intermediates. If it is a root to be trusted, add it to ca.'
  ),
  row(
    'unknown_ca',
    ['DEPTH_ZERO_SELF_SIGNED_CERT'],
    'The certificate is self-signed.',
    'Have a trusted CA issue the client\'s certificate.'
  ),
  row(
    'unknown_ca',
    ['SELF_SIGNED_CERT_IN_CHAIN'],
    'The chain ends at a root that is not trusted.',
    'If clients of that root may call, add it to ca.'
  ),
  row(
    'unknown_ca',
    [],
    'No path from the certificate to a trusted CA.',
    'See detail for the missing issuer or the invalid signature. Add a root to ca. ' +
      'List an intermediate that clients do not send in the credentials option intermediates.'
  ),
  row(
    'expired',
    [],
    'The client\'s certificate, or a CA above it, has expired; detail names which.',
    'Renew it, and find out why it was not renewed. If many clients fail at once, check the clock of this machine.'
  ),
  row(
    'not_yet_valid',
    [],
    'The certificate is not valid yet.',
    'Usually a clock is wrong: compare the clocks of the CA, the client and this machine.'
  ),
  row(
    'revoked',
    [],
    'The certificate, or a CA of its chain, was revoked.',
    'Find out why before you issue a new one. If the revocation is a mistake, only the CA can undo it.'
  ),
  row(
    'revocation_unknown',
    [],
    'The policy is hard, and no current CRL or OCSP answer covers the certificate or a CA above it.',
    'why and detail say which CRL is missing or expired. Look for peerkit:revocation:failed. ' +
      'Publish the CRL of that issuer, or repair the responder. ' +
      'For the CRL of an intermediate, list the intermediate in intermediates or crlIssuers.'
  ),
  row(
    'wrong_purpose',
    [],
    'The certificate, or a CA above it, is not for clients: its extended key usage lacks clientAuth, ' +
      'or its key usage does not allow signatures; detail names which.',
    'Issue the certificate with the extended key usage clientAuth. If detail names a CA, use a CA without ' +
      'this restriction. Public web CAs no longer issue for clients: use a private CA.'
  ),
  row(
    'ca_as_leaf',
    [],
    'The client presented a CA certificate, or one without basicConstraints CA:FALSE.',
    'Issue a leaf with basicConstraints CA:FALSE. The key of a CA does not belong on a client.'
  ),
  row(
    'bad_chain',
    ['INVALID_CA'],
    'A certificate that is not a CA signed another.',
    'Find out who issued the leaf: a leaf key was used to sign. This is a mistake in the PKI or an attack.'
  ),
  row(
    'bad_chain',
    ['PATH_LENGTH_EXCEEDED', 'CERT_CHAIN_TOO_LONG'],
    'The chain is longer than one of its CAs allows.',
    'Check pathLenConstraint of the CAs; issue from a CA closer to the root.'
  ),
  row(
    'bad_chain',
    ['CERT_SIGNATURE_FAILURE'],
    'A signature in the chain is invalid.',
    'The certificate is damaged or forged, or an intermediate has the right name and another key.'
  ),
  row(
    'bad_chain',
    ['CA_MD_TOO_WEAK', 'EE_KEY_TOO_SMALL', 'CA_KEY_TOO_SMALL'],
    'A key or a hash in the chain is too weak for the security level of OpenSSL.',
    'Issue with P-256 or RSA of at least 2048 bits, and SHA-256.'
  ),
  row(
    'bad_chain',
    [],
    'A certificate in the chain violates RFC 5280, or uses an algorithm or key that is not accepted. ' +
      'See code or detail.',
    'Replace the certificate that detail names. peerkit trust check repeats the check with stored certificates.'
  ),
  row(
    'outside_authority',
    [],
    'The certificate has a name that the authority of its CA does not vouch for; detail has the name and the bound.',
    'If the name is right, add it to names of that authority, or issue the certificate from another CA. ' +
      'If not, ask the operator of that CA why it issued the certificate.'
  ),
  row(
    'blocked',
    [],
    'The certificate is on the block list (option block); detail has the reason from the list.',
    'Remove the entry when the client may connect again. Also revoke the certificate at its CA.'
  ),
  row(
    'unreadable',
    [],
    'The certificate is not encoded as RFC 5280 requires, or is too large; detail names the field.',
    'Issue the certificate again with another tool. ' +
      'If none of your clients could have sent it, treat it as an attack.'
  ),
  row(
    'resumption_refused',
    [],
    'The client resumed a session, and this process does not know the CA that issued its certificate. ' +
      'The connection was reset; the client\'s next handshake is full.',
    'No action is needed. To avoid it, list the CA in the credentials option intermediates.'
  ),
  row(
    'ca_removed',
    [],
    'The CA of the certificate is no longer trusted.',
    'Give the client a certificate from a trusted CA. peerkit:credentials:rotated says when the CA was removed.'
  ),
  row(
    'timeout',
    ['ERR_TLS_HANDSHAKE_TIMEOUT'],
    'The client did not finish its handshake in time.',
    'A slow network, a client that hangs, a port scan, or an attack that holds connections open: check how ' +
      'many come from this address.'
  ),
  row(
    'timeout',
    [],
    'The certificate was not verified in time, usually because an OCSP responder does not answer.',
    'Look for peerkit:revocation:failed. Raise revocationTimeout only if the responder is slow.'
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
    'Call https://, not http://; check the scheme of the health probe.'
  ),
  row(
    'protocol',
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_RECORD_LAYER_FAILURE', 'ERR_SSL_PACKET_LENGTH_TOO_LONG'],
    'The client did not send TLS.',
    'A port scan, a PROXY protocol header that a load balancer adds, or another protocol on this port.'
  ),
  row(
    'protocol',
    ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'ERR_SSL_VERSION_TOO_LOW', 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'],
    'Client and server have no TLS version in common.',
    'The client is too old, or is set to TLS 1.1 or below: update it. minVersion is the lowest version of this server.'
  ),
  row(
    'protocol',
    [
      'ERR_SSL_NO_SHARED_CIPHER',
      'ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM',
      'ERR_SSL_NO_SUITABLE_KEY_SHARE',
      'ERR_SSL_NO_SHARED_SIGNATURE_ALGORITHMS'
    ],
    'Client and server have no cipher, curve or signature algorithm in common.',
    'Usually an old client or an Ed25519 key: use P-256 certificates, or update the client.'
  ),
  row(
    'protocol',
    ['ERR_SSL_NO_APPLICATION_PROTOCOL', 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL'],
    'The client offers only protocols that this server does not support.',
    'For a client with only HTTP/2 set { http2: true }; for one with only HTTP/1.1 set allowHTTP1.'
  ),
  row(
    'protocol',
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'],
    'The client does not trust the CA of this server\'s certificate.',
    'Configure the client with the CA that issued this server\'s certificate, and make the server send its ' +
      'intermediates.'
  ),
  row(
    'protocol',
    ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', 'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED'],
    'The client reports that this server\'s certificate has expired.',
    'Renew this server\'s certificate; compare the clocks.'
  ),
  row(
    'protocol',
    ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED', 'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_REVOKED'],
    'The client reports that this server\'s certificate was revoked.',
    'Ask the CA; renew this server\'s certificate.'
  ),
  row(
    'protocol',
    [
      'ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN',
      'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN',
      'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE',
      'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE',
      'ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE',
      'ERR_SSL_SSL/TLS_ALERT_UNSUPPORTED_CERTIFICATE'
    ],
    'The client does not accept this server\'s certificate.',
    'Usually the certificate lacks the host name that the client used, or the client does not know the CA: ' +
      'try peerkit probe.'
  ),
  row(
    'protocol',
    ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE'],
    'The client ended the handshake without a reason.',
    'See the log of the client. Ciphers and certificates are the usual causes.'
  ),
  row(
    'protocol',
    ['ECONNRESET', 'EPIPE', 'ERR_SSL_UNEXPECTED_EOF_WHILE_READING'],
    'The client closed the connection during the handshake.',
    'TCP health checks and port scans do this, and so do some clients that do not accept this server\'s certificate.'
  ),
  row(
    'protocol',
    ['ERR_SSL_*'],
    'OpenSSL ended the handshake; see the code.',
    'Try peerkit probe or openssl s_client against this server, and compare.'
  ),
  row(
    'protocol',
    [],
    'The handshake failed before a certificate was verified.',
    'Usually a port scan, a TCP health check or a broken network.'
  )
])

const found = new Map<string, HandshakeFailure>()
const MAX_FOUND = 500

/**
 * Explains a refused handshake: what it means and what to do.
 *
 * @param reason of `peerkit:handshake:refused` or `peerkit:connection:ended`
 * @param code of OpenSSL or Node, if there is one
 * @returns the first row of {@link handshakeFailures} that matches; for an unknown code the general row of the reason
 * @example
 * ```ts
 * const { meaning, remedy } = explainHandshakeFailure('protocol', 'ERR_SSL_HTTP_REQUEST')
 * console.log(meaning) // The client sent plain HTTP to a TLS port.
 * console.log(remedy) // Call https://, not http://; check the scheme of the health probe.
 * ```
 */
export function explainHandshakeFailure (reason: RefusalReason, code?: string): HandshakeFailure {
  const key = `${reason} ${code ?? ''}`
  const known = found.get(key)
  if (known !== undefined) return known
  const rows = handshakeFailures.filter((each) => each.reason === reason)
  const fits = (pattern: string): boolean => pattern.endsWith('*')
    ? code?.startsWith(pattern.slice(0, -1)) === true
    : code === pattern
  const failure = rows.find(({ codes }) => codes.some(fits)) ?? rows.at(-1) ?? row(
    reason,
    [],
    'The handshake was refused.',
    'See the reason.'
  )
  // OpenSSL has a finite list of codes. The map is bounded in any case.
  if (found.size < MAX_FOUND) found.set(key, failure)
  return failure
}

/**
 * Explains a refused handshake in one line for a log.
 *
 * @param reason of `peerkit:handshake:refused` or `peerkit:connection:ended`
 * @param code of OpenSSL or Node, if there is one
 * @returns meaning and remedy of {@link explainHandshakeFailure}
 * @example
 * ```ts
 * const stop = listen({
 *   'peerkit:handshake:refused': ({ reason, code }) => { console.warn(hintHandshakeFailure(reason, code)) }
 * })
 * stop()
 * ```
 */
export function hintHandshakeFailure (reason: RefusalReason, code?: string): string {
  const { meaning, remedy } = explainHandshakeFailure(reason, code)
  return `${meaning} ${remedy}`
}

function row (reason: RefusalReason, codes: readonly string[], meaning: string, remedy: string): HandshakeFailure {
  return Object.freeze({ reason, codes: Object.freeze(codes), meaning, remedy })
}
