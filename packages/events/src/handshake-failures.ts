import type { RefusalReason } from './inbound-messages.ts'

/** A row of the table: what a failed handshake means, and what to do about it. */
export interface HandshakeFailure {
  readonly reason: RefusalReason
  /** Codes of OpenSSL's verification and of Node, or a step of `detail`, that this row is about; with none, it is what the reason means by itself. A `*` stands for the rest of a code. */
  readonly codes: readonly string[]
  readonly meaning: string
  readonly remedy: string
}

/** The more particular rows of a reason come first. */
export const handshakeFailures: readonly HandshakeFailure[] = Object.freeze([
  row('no_certificate', ['ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'], 'The client sent no certificate.', 'Configure the client with a certificate and key; some clients leave theirs out when its issuer is not among the CAs that the server names.'),
  row('no_certificate', [], 'The client sent no certificate.', 'Configure the client with a certificate and key. For health probes without one, set clientCertificate to "optional" on the server and on that route alone.'),
  row(
    'unknown_ca',
    ['other_side'],
    'The authority of the CA vouches for servers alone (option for), and a client presents the certificate.',
    'If clients of that authority are meant to call, set its option for to "both". If not, give the client a ' +
      'certificate of another CA.'
  ),
  row(
    'unknown_ca',
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
    'The certificate leads to no trusted CA: another CA issued it, or the client did not send an intermediate.',
    'See detail for the missing issuer. If it belongs to a trusted root, configure the client to send its whole ' +
      'chain, or list it in the credentials option intermediates. If it is a root to be trusted, add it to ca.'
  ),
  row('unknown_ca', ['DEPTH_ZERO_SELF_SIGNED_CERT'], 'The certificate is self-signed.', 'Have a trusted CA issue the client\'s certificate.'),
  row('unknown_ca', ['SELF_SIGNED_CERT_IN_CHAIN'], 'The chain ends at a root that is not trusted here.', 'If clients of that root are meant to call, add it to ca.'),
  row(
    'unknown_ca',
    [],
    'The certificate leads to no trusted CA.',
    'See detail for the missing issuer or the signature that is wrong. Add a root to ca. ' +
      'List an intermediate that clients do not send in the credentials option intermediates.'
  ),
  row(
    'expired',
    [],
    'The client\'s certificate, or a CA above it, has expired; detail names which.',
    'Renew it, and find out why it was not renewed. If many clients fail at once, check the clock of this machine.'
  ),
  row('not_yet_valid', [], 'The certificate begins to count only later.', 'Most often a clock is wrong: compare those of the CA, of the client and of this machine.'),
  row('revoked', [], 'The certificate, or a CA of its chain, was revoked.', 'Find out why before issuing a new one. If the revocation is a mistake, it is the CA that has to take it back.'),
  row(
    'revocation_unknown',
    [],
    'The policy is hard, and no current CRL or OCSP answer covers the certificate or a CA above it.',
    'why and detail say which list is missing or ended. Look for peerkit:revocation:failed. ' +
      'Publish the list of that issuer, or repair the responder. A list of an intermediate counts once the intermediate is listed in intermediates or crlIssuers.'
  ),
  row(
    'wrong_purpose',
    [],
    'The certificate, or a CA above it, is not for clients: its extended key usage lacks clientAuth, ' +
      'or its key usage does not allow signatures; detail names which.',
    'Issue the certificate with the extended key usage clientAuth. If detail names a CA, issue from a CA without ' +
      'such a limit. Public web CAs no longer issue for clients: use a private CA.'
  ),
  row('ca_as_leaf', [], 'The client identifies itself by a CA\'s own certificate, or by one that does not say that it is none.', 'Issue a leaf with basicConstraints CA:FALSE. A CA\'s key does not belong on a client.'),
  row('bad_chain', ['INVALID_CA'], 'A certificate that is no CA signed another.', 'See who issued the leaf: a leaf\'s key was used to sign, which is a mistake in the PKI or an attack.'),
  row('bad_chain', ['PATH_LENGTH_EXCEEDED', 'CERT_CHAIN_TOO_LONG'], 'The chain is longer than a CA of it allows.', 'Look at pathLenConstraint of the CAs; issue from a CA nearer to the root.'),
  row('bad_chain', ['CERT_SIGNATURE_FAILURE'], 'A signature of the chain does not verify.', 'The certificate was damaged or forged, or an intermediate has the right name and another key.'),
  row('bad_chain', ['CA_MD_TOO_WEAK', 'EE_KEY_TOO_SMALL', 'CA_KEY_TOO_SMALL'], 'A key or a hash of the chain is too weak for OpenSSL\'s security level.', 'Issue with P-256 or RSA of at least 2048 bits, and SHA-256.'),
  row(
    'bad_chain',
    [],
    'A certificate of the chain breaks a rule of RFC 5280, or uses an algorithm or key that is not accepted. ' +
      'code or detail says which.',
    'Replace the certificate that detail names. peerkit trust check repeats the check with stored certificates.'
  ),
  row(
    'outside_authority',
    [],
    'The certificate holds a name that the authority of its CA does not vouch for, or none of the names that it has to ' +
      'hold; detail says which.',
    'Compare names of that authority with the names of the certificate. Widen names if the certificate is right, or ' +
      'issue one with the right names. If nobody asked for this certificate, ask the operator of that CA how it came about.'
  ),
  row(
    'blocked',
    [],
    'The certificate is on the list of the option block; detail has the reason that the list gives.',
    'Take the entry off the list once the client may come back. Revoke the certificate at its CA as well.'
  ),
  row(
    'unreadable',
    [],
    'The certificate is not encoded as RFC 5280 requires, or is too large; detail says which field.',
    'Issue the certificate again with another tool. ' +
      'If none of your clients could have sent it, treat it as an attack.'
  ),
  row(
    'resumption_refused',
    [],
    'The client resumed a session, and this process does not know the CA that issued its certificate. ' +
      'The connection was reset; the client\'s next handshake is full.',
    'Nothing has to be done. To avoid it, list the CA in the credentials option intermediates.'
  ),
  row(
    'ca_removed',
    ['other_side'],
    'The authority of the CA vouches for servers alone now (option for).',
    'If its clients are meant to call, set its option for to "both". peerkit:credentials:rotated says when it changed.'
  ),
  row('ca_removed', [], 'The CA that vouched for the certificate was taken out of the trust.', 'Give the client a certificate of a CA in force. peerkit:credentials:rotated says when the CA went.'),
  row('timeout', ['ERR_TLS_HANDSHAKE_TIMEOUT'], 'The client did not finish its handshake in time.', 'A slow network, a client that hangs, a port scan, or somebody who holds connections open on purpose: see how many come from this address.'),
  row('timeout', [], 'The judgement did not come in time, most often because an OCSP responder does not answer.', 'Look for peerkit:revocation:failed; raise revocationTimeout only if the responder is just slow.'),
  row('protocol', ['ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'], 'The client sent no certificate.', 'Configure the client with a certificate and key.'),
  row('protocol', ['ERR_SSL_HTTP_REQUEST'], 'The client speaks plain HTTP to a TLS port.', 'Call https://, not http://; look at the health probe\'s scheme.'),
  row('protocol', ['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_RECORD_LAYER_FAILURE', 'ERR_SSL_PACKET_LENGTH_TOO_LONG'], 'What the client sent is no TLS.', 'A port scan, a PROXY protocol header that a load balancer adds, or another protocol on this port.'),
  row('protocol', ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'ERR_SSL_VERSION_TOO_LOW', 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'], 'No version of TLS that both sides speak.', 'The client is too old, or set to TLS 1.1 or below: update it. minVersion says what this server takes.'),
  row('protocol', ['ERR_SSL_NO_SHARED_CIPHER', 'ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM', 'ERR_SSL_NO_SUITABLE_KEY_SHARE', 'ERR_SSL_NO_SHARED_SIGNATURE_ALGORITHMS'], 'No cipher, curve or signature that both sides know.', 'Old clients and Ed25519 keys, most often: use P-256 certificates, or let the client update.'),
  row('protocol', ['ERR_SSL_NO_APPLICATION_PROTOCOL', 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL'], 'The client offers only protocols that this server does not speak.', 'A client of HTTP/2 alone needs { http2: true }; one of HTTP/1.1 alone needs allowHTTP1.'),
  row('protocol', ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'], 'The client does not trust our certificate: it does not know our CA.', 'Give the client the CA that issued this server\'s certificate, and see that the server sends its intermediates.'),
  row('protocol', ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', 'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED'], 'The client says that our certificate has ended.', 'Rotate this server\'s certificate; compare the clocks.'),
  row('protocol', ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED', 'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_REVOKED'], 'The client says that our certificate was revoked.', 'Ask the CA; rotate this server\'s certificate.'),
  row('protocol', ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN', 'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN', 'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', 'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', 'ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE', 'ERR_SSL_SSL/TLS_ALERT_UNSUPPORTED_CERTIFICATE'], 'The client does not accept our certificate.', 'Most often it lacks the name that the client called, or the client does not know our CA: try peerkit probe.'),
  row('protocol', ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE'], 'The client broke the handshake off without saying why.', 'Look into the client\'s own log; ciphers and certificates are the usual causes.'),
  row('protocol', ['ECONNRESET', 'EPIPE', 'ERR_SSL_UNEXPECTED_EOF_WHILE_READING'], 'The client hung up before the handshake was done.', 'TCP health checks and port scans do; so do clients that do not accept our certificate and do not say so.'),
  row('protocol', ['ERR_SSL_*'], 'OpenSSL broke the handshake off for the reason that its code names.', 'Try peerkit probe against this server, or openssl s_client, and compare.'),
  row('protocol', [], 'The handshake failed before there was a certificate to judge.', 'A port scan, a TCP health check or a broken network, most often.')
])

const found = new Map<string, HandshakeFailure>()
const MAX_FOUND = 500

/**
 * The row for a refused handshake. Codes that are not in the table fall back on what the reason means by itself.
 *
 * @param step of `detail`: a row that is about it counts before that of the code
 */
export function explainHandshakeFailure (reason: RefusalReason, code?: string, step?: string): HandshakeFailure {
  const key = `${reason} ${code ?? ''} ${step ?? ''}`
  const known = found.get(key)
  if (known !== undefined) return known
  const rows = handshakeFailures.filter((each) => each.reason === reason)
  const fits = (pattern: string): boolean => pattern.endsWith('*') ? code?.startsWith(pattern.slice(0, -1)) === true : code === pattern
  const failure = rows.find(({ codes }) => step !== undefined && codes.includes(step)) ?? rows.find(({ codes }) => codes.some(fits)) ?? rows.at(-1) ?? row(reason, [], 'The handshake was refused.', 'See the reason.')
  // Codes come from OpenSSL, whose list is finite; a bound all the same.
  if (found.size < MAX_FOUND) found.set(key, failure)
  return failure
}

/** One line for a log: what it means, and what to do. */
export function hintHandshakeFailure (reason: RefusalReason, code?: string, step?: string): string {
  const { meaning, remedy } = explainHandshakeFailure(reason, code, step)
  return `${meaning} ${remedy}`
}

function row (reason: RefusalReason, codes: readonly string[], meaning: string, remedy: string): HandshakeFailure {
  return Object.freeze({ reason, codes: Object.freeze(codes), meaning, remedy })
}
