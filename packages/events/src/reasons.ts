/**
 * The vocabulary of reasons. The same fact has the same word inbound, outbound, forwarded, in credentials, on the
 * command line, in the console, in the audit log and in metrics. To add a reason, add it here: all types follow, the
 * compiler asks for its text, and docs/reasons.md is generated from both.
 */

/**
 * Where a reason occurs.
 *
 * - `certificate`: the evaluation of a peer's certificate. Occurs inbound, outbound and forwarded
 * - `inbound`: a handshake, or an open connection whose certificate is no longer accepted
 * - `outbound`: a call by `undici-mtls`
 * - `forwarded`: a header of a gateway
 * - `credentials`: own certificates, keys, CAs and CRLs
 */
export type ReasonPlace = 'certificate' | 'inbound' | 'outbound' | 'forwarded' | 'credentials'

/** Where each reason occurs. The types below are made from this. */
const places = {
  unknown_ca: ['certificate'],
  expired: ['certificate', 'credentials'],
  not_yet_valid: ['certificate', 'credentials'],
  revoked: ['certificate'],
  revocation_unknown: ['certificate'],
  wrong_purpose: ['certificate', 'credentials'],
  ca_as_leaf: ['certificate'],
  weak: ['certificate', 'credentials'],
  bad_chain: ['certificate', 'credentials'],
  outside_authority: ['certificate'],
  blocked: ['certificate'],
  unreadable: ['certificate', 'credentials'],
  no_certificate: ['inbound'],
  resumption_refused: ['inbound'],
  ca_removed: ['inbound'],
  timeout: ['inbound', 'outbound', 'forwarded'],
  protocol: ['inbound'],
  network: ['outbound'],
  closed: ['outbound'],
  tls: ['outbound'],
  proxy: ['outbound'],
  renegotiation: ['outbound'],
  host_name: ['outbound'],
  rules: ['outbound'],
  alert: ['outbound'],
  untrusted_sender: ['forwarded'],
  duplicate_header: ['forwarded'],
  alias_header: ['forwarded'],
  other_format: ['forwarded'],
  too_large: ['forwarded'],
  chain_too_long: ['forwarded'],
  malformed: ['forwarded'],
  not_verified: ['forwarded'],
  certificate_missing: ['forwarded'],
  authority_unknown: ['forwarded'],
  hop_count: ['forwarded'],
  untrusted_hop: ['forwarded'],
  key_mismatch: ['credentials'],
  passphrase: ['credentials'],
  no_anchor: ['credentials'],
  crl: ['credentials'],
  unusable: ['credentials']
} as const

/** Every reason. `docs/reasons.md` explains them. */
export type Reason = keyof typeof places

type Found<Place extends ReasonPlace> = {
  [Each in Reason]: Place extends (typeof places)[Each][number] ? Each : never
}[Reason]

/** Why a certificate is not accepted, of a client or of a server. */
export type CertificateReason = Extract<Reason, Found<'certificate'>>

/** Why a handshake was refused, or why an open connection is not accepted any more. */
export type HandshakeReason = Extract<Reason, Found<'certificate'> | Found<'inbound'>>

/** Why a header with a forwarded certificate was refused. */
export type ForwardedReason = Extract<Reason, Found<'certificate'> | Found<'forwarded'>>

/** Why an outbound connection failed. */
export type OutboundReason = Extract<Reason, Found<'certificate'> | Found<'outbound'>>

/** Why own credentials were refused. */
export type CredentialsReason = Extract<Reason, Found<'credentials'>>

/** What a reason means, and what to do about it. */
export interface ReasonText {
  /** One or more sentences: what happened. */
  readonly meaning: string
  /** One or more sentences: what to do. */
  readonly remedy: string
}

/** Where a reason occurs, and its text. */
export interface ReasonEntry extends ReasonText {
  readonly places: readonly ReasonPlace[]
}

const texts: Readonly<Record<Reason, ReasonText>> = {
  unknown_ca: text(
    'The certificate leads to no trusted CA.',
    'See the field detail for the missing issuer or the wrong signature. If a root should be trusted, add it to ca. ' +
      'If peers do not send an intermediate certificate, list it in the credentials option intermediates.'
  ),
  expired: text(
    'The certificate, or a CA certificate above it, has expired. The field detail says which.',
    'Renew it, and find out why it was not renewed in time. If many fail at once, check the clock of this machine.'
  ),
  not_yet_valid: text(
    'The certificate is not valid yet: its start date is in the future.',
    'Usually a clock is wrong. Compare the clocks of the CA, of the peer and of this machine.'
  ),
  revoked: text(
    'The certificate, or a CA certificate above it, was revoked by its CA.',
    'Find out why before you issue a new one. If the revocation was a mistake, only the CA can undo it.'
  ),
  revocation_unknown: text(
    'The revocation policy is hard, and no current CRL or OCSP answer covers the certificate or a CA ' +
      'certificate above ' +
      'it.',
    'See the fields why and detail for the CRL or answer that is missing or out of date. Look for ' +
      'peerkit:revocation:failed. Publish a new CRL of that issuer, or repair its OCSP responder. The CRL of an ' +
      'intermediate CA is used only if that CA is listed in intermediates or crlIssuers.'
  ),
  wrong_purpose: text(
    'The certificate, or a CA certificate above it, must not be used for this purpose: its extended key usage lacks ' +
      'clientAuth (of a client) or serverAuth (of a server), or its key usage does not allow signatures. The field ' +
      'detail says which.',
    'Issue a certificate with the extended key usage clientAuth for a client, or serverAuth for a server. If detail ' +
      'names a CA, issue from a CA without such a limit. Public web CAs no longer issue certificates for ' +
      'clients: use a ' +
      'private CA.'
  ),
  ca_as_leaf: text(
    'The peer presented a CA\'s own certificate, or a certificate that does not say that it is not a CA.',
    'Issue a certificate with basicConstraints CA:FALSE for the peer. A CA\'s key does not belong on a client ' +
      'or server.'
  ),
  weak: text(
    'The key or the signature algorithm of a certificate in the chain is too weak, or is not one that is ' +
      'accepted. The ' +
      'field detail says which.',
    'Issue certificates with SHA-256, and with keys of P-256 or of RSA with at least 2048 bits.'
  ),
  bad_chain: text(
    'A certificate in the chain breaks a rule of RFC 5280, the certificates are not in order, or the check takes too ' +
      'much work. The field code or detail says which.',
    'Replace the certificate that detail names. To repeat the check with stored certificates, run peerkit trust check.'
  ),
  outside_authority: text(
    'The certificate contains a name that the authority of its CA does not vouch for, or it lacks a name of a kind ' +
      'that the authority requires. The field detail says which.',
    'Compare the names of the certificate with the option names of that authority. Widen names if the certificate is ' +
      'right, or issue one with the right names. If nobody asked for the certificate, ask the operator of the CA why ' +
      'it was issued.'
  ),
  blocked: text(
    'The certificate is on the list of the option block. The field detail contains the reason that the list gives.',
    'To let the peer in again, remove the entry from the list. To keep it out for good, revoke the ' +
      'certificate at its ' +
      'CA as well.'
  ),
  unreadable: text(
    'The certificate is too large, or is not encoded as RFC 5280 requires. Of credentials: a file has no readable ' +
      'certificate or key. The field detail says what is wrong.',
    'Issue the certificate again with another tool. If none of your peers could have sent it, treat it as an attack.'
  ),
  no_certificate: text(
    'The client sent no certificate.',
    'Configure the client with a certificate and key. For a health probe without a certificate, set ' +
      'clientCertificate to "optional" on the server, and open the probe\'s route alone: by allowedClients "public", ' +
      'or by clientCertificate "optional" if the app has no rules.'
  ),
  resumption_refused: text(
    'The client resumed a session, and this process does not know the CA that issued its certificate. The connection ' +
      'was reset. The next handshake of the client is a full one.',
    'Nothing has to be done. To avoid it, list the CA in the credentials option intermediates.'
  ),
  ca_removed: text(
    'The CA that vouched for the certificate is no longer trusted.',
    'Give the client a certificate of a CA that is trusted now. The event peerkit:credentials:rotated says ' +
      'when the CA ' +
      'was removed.'
  ),
  timeout: text(
    'The revocation check did not finish in time, usually because an OCSP responder does not answer. Outbound: the ' +
      'server was not reached in time.',
    'Look for peerkit:revocation:failed. Raise revocationTimeout only if the responder works and is slow. Outbound: ' +
      'check the address and firewalls.'
  ),
  protocol: text(
    'The handshake failed before the client\'s certificate could be checked.',
    'Usually it is a port scan, a TCP health check or a broken network.'
  ),
  network: text(
    'The server was not reached: name resolution, routing or the TCP connection failed.',
    'See the message for the code. Check the address, the name server and firewalls.'
  ),
  closed: text(
    'The server closed the connection: during the handshake, or before its first response, which most likely means ' +
      'that it refused the client certificate.',
    'See the log of the server: servers on Node and Java refuse a client without a TLS alert.'
  ),
  tls: text(
    'The TLS handshake failed: client and server have no version, cipher or signature algorithm in common, or the ' +
      'server does not speak TLS.',
    'Run peerkit probe against the server, and compare.'
  ),
  proxy: text(
    'The proxy did not open a tunnel to the server.',
    'See the message for the answer of the proxy. Check the option proxy and the rules of the proxy.'
  ),
  renegotiation: text(
    'The server asked for TLS renegotiation, which is refused: after it the server could present another certificate.',
    'Let the server ask for the client certificate in the first handshake, for the whole host and not for a path, or ' +
      'enable TLS 1.3.'
  ),
  host_name: text(
    'The server\'s certificate is not for the host name that was called.',
    'Call the server by a name in its certificate, set servername, or issue a certificate with the name.'
  ),
  rules: text(
    'The server\'s certificate is valid, and no rule of allowedServers matches it.',
    'Compare expected and found in the error. Correct the rule, or find out why another server answers.'
  ),
  alert: text(
    'The server refused the client certificate, and said so by a TLS alert.',
    'See the alert in the error and the log of the server.'
  ),
  untrusted_sender: text(
    'A sender that is not a configured gateway sent a header with a client identity. ' +
      'Either the header is forged, or a ' +
      'gateway is missing in the configuration.',
    'If the sender is a gateway, add it to gateways. If not, find out who sends the header.'
  ),
  duplicate_header: text(
    'The header occurs twice.',
    'Configure the gateway to replace the header that a client sends.'
  ),
  alias_header: text(
    'The header\'s name has another spelling, such as client_cert, which a gateway may fail to remove.',
    'Configure the gateway to remove headers with such names.'
  ),
  other_format: text(
    'There is a header of another gateway\'s format, which a client may have sent.',
    'Configure the gateway to remove it. If the header is expected, list it in ignoredHeaders.'
  ),
  too_large: text(
    'The header is longer than maxHeaderLength.',
    'Find out which client sends such a chain, or raise maxHeaderLength.'
  ),
  chain_too_long: text(
    'The header has more certificates than maxChainLength.',
    'Find out which client sends such a chain, or raise maxChainLength.'
  ),
  malformed: text(
    'The header does not follow its format, or contradicts another header.',
    'Compare the configuration of the gateway with the option format.'
  ),
  not_verified: text(
    'The gateway did not verify the certificate, or does not say so.',
    'Configure the gateway to verify clients and to send the result.'
  ),
  certificate_missing: text(
    'The certificate is not among the headers. The gateway says that there is one, or validation in this ' +
      'process needs ' +
      'it and the headers have only names.',
    'Configure the gateway to send the certificate with every request.'
  ),
  authority_unknown: text(
    'Neither a chain nor the option verifiedAs determines the authority of the certificate.',
    'Configure the gateway to send the chain, or set verifiedAs.'
  ),
  hop_count: text(
    'The header has another number of elements than trustedHops.',
    'Set trustedHops to the number of proxies, and check that each of them adds its element.'
  ),
  untrusted_hop: text(
    'An outer gateway does not satisfy hopGateways.',
    'If it is one of your gateways, add it to hopGateways. If not, find out who sends the header.'
  ),
  key_mismatch: text(
    'The key does not belong to the certificate.',
    'Give the key with which the certificate was requested. During a rotation, write both files.'
  ),
  passphrase: text(
    'The key is encrypted, and the passphrase is missing or wrong.',
    'Set the option passphrase.'
  ),
  no_anchor: text(
    'A CA file contains a certificate that is not a CA, or no CA that is valid now.',
    'Put root certificates alone into ca. Intermediates belong in intermediates.'
  ),
  crl: text(
    'A CRL cannot be parsed, its signature is invalid, it is older than the one in use, or one is missing.',
    'Publish a new CRL of the CA, and check that the whole file was copied.'
  ),
  unusable: text(
    'OpenSSL rejects certificate and key.',
    'See the message for the code of OpenSSL, and issue the certificate with another key or algorithm.'
  )
}

/**
 * Every reason with its places and its text, in the order of docs/reasons.md.
 *
 * @example
 * ```ts
 * console.log(reasons.expired.remedy)
 * ```
 */
export const reasons: Readonly<Record<Reason, ReasonEntry>> = Object.freeze(Object.fromEntries(
  (Object.keys(places) as Reason[]).map((reason) => [reason, Object.freeze(entryOf(reason))])
) as Record<Reason, ReasonEntry>)

/**
 * Whether a word is a {@link CertificateReason}.
 *
 * @example
 * ```ts
 * console.log(isCertificateReason('expired'), isCertificateReason('network')) // true false
 * ```
 */
export function isCertificateReason (word: string): word is CertificateReason {
  return Object.hasOwn(reasons, word) && reasons[word as Reason].places.includes('certificate')
}

function entryOf (reason: Reason): ReasonEntry { return { places: places[reason], ...texts[reason] } }

function text (meaning: string, remedy: string): ReasonText { return { meaning, remedy } }
