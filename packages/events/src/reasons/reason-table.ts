/**
 * Every reason: where it occurs, what it means and what to do. To add a reason, add it here: types, docs/reasons.md,
 * metrics and hints follow. Texts of several lines are joined to one.
 */
export const reasonTable = {
  unknown_ca: {
    places: ['certificate'] as const,
    meaning: 'The certificate leads to no trusted CA.',
    remedy: `See the field detail for the missing issuer or the wrong signature. If a root should be trusted, add it to
      ca. If peers do not send an intermediate certificate, list it in the credentials option intermediates.`
  },
  expired: {
    places: ['certificate', 'credentials'] as const,
    meaning: 'The certificate, or a CA certificate above it, has expired. The field detail says which.',
    remedy: `Renew it, and find out why it was not renewed in time. If many fail at once, check the clock of this
      machine.`
  },
  not_yet_valid: {
    places: ['certificate', 'credentials'] as const,
    meaning: 'The certificate is not valid yet: its start date is in the future.',
    remedy: 'Usually a clock is wrong. Compare the clocks of the CA, of the peer and of this machine.'
  },
  revoked: {
    places: ['certificate'] as const,
    meaning: 'The certificate, or a CA certificate above it, was revoked by its CA.',
    remedy: 'Find out why before you issue a new one. If the revocation was a mistake, only the CA can undo it.'
  },
  revocation_unknown: {
    places: ['certificate'] as const,
    meaning: `The revocation policy is hard, and no current CRL or OCSP answer covers the certificate or a CA
      certificate above it.`,
    remedy: `See the fields why and detail for the CRL or answer that is missing or out of date. Look for
      peerkit:revocation:failed. Publish a new CRL of that issuer, or repair its OCSP responder. The CRL of an
      intermediate CA is used only if that CA is listed in intermediates or crlIssuers.`
  },
  wrong_purpose: {
    places: ['certificate', 'credentials'] as const,
    meaning: `The certificate, or a CA certificate above it, must not be used for this purpose: its extended key usage
      lacks clientAuth (of a client) or serverAuth (of a server), or its key usage does not allow signatures. The
      field detail says which.`,
    remedy: `Issue a certificate with the extended key usage clientAuth for a client, or serverAuth for a server. If
      detail names a CA, issue from a CA without such a limit. Public web CAs no longer issue certificates for
      clients: use a private CA.`
  },
  ca_as_leaf: {
    places: ['certificate'] as const,
    meaning: 'The peer presented a CA\'s own certificate, or a certificate that does not say that it is not a CA.',
    remedy: `Issue a certificate with basicConstraints CA:FALSE for the peer. A CA's key does not belong on a client or
      server.`
  },
  weak: {
    places: ['certificate', 'credentials'] as const,
    meaning: `The key or the signature algorithm of a certificate in the chain is too weak, or is not one that is
      accepted. The field detail says which.`,
    remedy: 'Issue certificates with SHA-256, and with keys of P-256 or of RSA with at least 2048 bits.'
  },
  bad_chain: {
    places: ['certificate', 'credentials'] as const,
    meaning: `A certificate in the chain breaks a rule of RFC 5280, the certificates are not in order, or the check
      takes too much work. The field code or detail says which.`,
    remedy: `Replace the certificate that detail names. To repeat the check with stored certificates, run peerkit trust
      check.`
  },
  outside_authority: {
    places: ['certificate'] as const,
    meaning: `The certificate contains a name that the authority of its CA does not vouch for, or it lacks a name of a
      kind that the authority requires. The field detail says which.`,
    remedy: `Compare the names of the certificate with the option names of that authority. Widen names if the
      certificate is right, or issue one with the right names. If nobody asked for the certificate, ask the operator
      of the CA why it was issued.`
  },
  blocked: {
    places: ['certificate'] as const,
    meaning: `The certificate is on the list of the option block. The field detail contains the reason that the list
      gives.`,
    remedy: `To let the peer in again, remove the entry from the list. To keep it out for good, revoke the certificate
      at its CA as well.`
  },
  unreadable: {
    places: ['certificate', 'credentials'] as const,
    meaning: `The certificate is too large, or is not encoded as RFC 5280 requires. Of credentials: a file has no
      readable certificate or key. The field detail says what is wrong.`,
    remedy: `Issue the certificate again with another tool. If none of your peers could have sent it, treat it as an
      attack.`
  },
  no_certificate: {
    places: ['inbound'] as const,
    meaning: 'The client sent no certificate.',
    remedy: `Configure the client with a certificate and key. For a health probe without a certificate, set
      clientCertificate to "optional" on the server, and open the probe's route alone: by allowedClients "public", or
      by clientCertificate "optional" if the app has no rules.`
  },
  resumption_refused: {
    places: ['inbound'] as const,
    meaning: `The client resumed a session, and this process does not know the CA that issued its certificate. The
      connection was reset. The next handshake of the client is a full one.`,
    remedy: 'Nothing has to be done. To avoid it, list the CA in the credentials option intermediates.'
  },
  ca_removed: {
    places: ['inbound'] as const,
    meaning: 'The CA that vouched for the certificate is no longer trusted.',
    remedy: `Give the client a certificate of a CA that is trusted now. The event peerkit:credentials:rotated says when
      the CA was removed.`
  },
  timeout: {
    places: ['inbound', 'outbound', 'forwarded'] as const,
    meaning: `The revocation check did not finish in time, usually because an OCSP responder does not answer. Outbound:
      the server was not reached in time.`,
    remedy: `Look for peerkit:revocation:failed. Raise revocationTimeout only if the responder works and is slow.
      Outbound: check the address and firewalls.`
  },
  protocol: {
    places: ['inbound'] as const,
    meaning: 'The handshake failed before the client\'s certificate could be checked.',
    remedy: 'Usually it is a port scan, a TCP health check or a broken network.'
  },
  network: {
    places: ['outbound'] as const,
    meaning: 'The server was not reached: name resolution, routing or the TCP connection failed.',
    remedy: 'See the message for the code. Check the address, the name server and firewalls.'
  },
  closed: {
    places: ['outbound'] as const,
    meaning: `The server closed the connection: during the handshake, or before its first response, which most likely
      means that it refused the client certificate.`,
    remedy: 'See the log of the server: servers on Node and Java refuse a client without a TLS alert.'
  },
  tls: {
    places: ['outbound'] as const,
    meaning: `The TLS handshake failed: client and server have no version, cipher or signature algorithm in common, or
      the server does not speak TLS.`,
    remedy: 'Run peerkit probe against the server, and compare.'
  },
  proxy: {
    places: ['outbound'] as const,
    meaning: 'The proxy did not open a tunnel to the server.',
    remedy: 'See the message for the answer of the proxy. Check the option proxy and the rules of the proxy.'
  },
  renegotiation: {
    places: ['outbound'] as const,
    meaning: `The server asked for TLS renegotiation, which is refused: after it the server could present another
      certificate.`,
    remedy: `Let the server ask for the client certificate in the first handshake, for the whole host and not for a
      path, or enable TLS 1.3.`
  },
  host_name: {
    places: ['outbound'] as const,
    meaning: 'The server\'s certificate is not for the host name that was called.',
    remedy: 'Call the server by a name in its certificate, set servername, or issue a certificate with the name.'
  },
  rules: {
    places: ['outbound'] as const,
    meaning: 'The server\'s certificate is valid, and no rule of allowedServers matches it.',
    remedy: 'Compare expected and found in the error. Correct the rule, or find out why another server answers.'
  },
  alert: {
    places: ['outbound'] as const,
    meaning: 'The server refused the client certificate, and said so by a TLS alert.',
    remedy: 'See the alert in the error and the log of the server.'
  },
  untrusted_sender: {
    places: ['forwarded'] as const,
    meaning: `A sender that is not a configured gateway sent a header with a client identity. Either the header is
      forged, or a gateway is missing in the configuration.`,
    remedy: 'If the sender is a gateway, add it to gateways. If not, find out who sends the header.'
  },
  duplicate_header: {
    places: ['forwarded'] as const,
    meaning: 'The header occurs twice.',
    remedy: 'Configure the gateway to replace the header that a client sends.'
  },
  alias_header: {
    places: ['forwarded'] as const,
    meaning: 'The header\'s name has another spelling, such as client_cert, which a gateway may fail to remove.',
    remedy: 'Configure the gateway to remove headers with such names.'
  },
  other_format: {
    places: ['forwarded'] as const,
    meaning: 'There is a header of another gateway\'s format, which a client may have sent.',
    remedy: 'Configure the gateway to remove it. If the header is expected, list it in ignoredHeaders.'
  },
  too_large: {
    places: ['forwarded'] as const,
    meaning: 'The header is longer than maxHeaderLength.',
    remedy: 'Find out which client sends such a chain, or raise maxHeaderLength.'
  },
  chain_too_long: {
    places: ['forwarded'] as const,
    meaning: 'The header has more certificates than maxChainLength.',
    remedy: 'Find out which client sends such a chain, or raise maxChainLength.'
  },
  malformed: {
    places: ['forwarded'] as const,
    meaning: 'The header does not follow its format, or contradicts another header.',
    remedy: 'Compare the configuration of the gateway with the option format.'
  },
  not_verified: {
    places: ['forwarded'] as const,
    meaning: 'The gateway did not verify the certificate, or does not say so.',
    remedy: 'Configure the gateway to verify clients and to send the result.'
  },
  certificate_missing: {
    places: ['forwarded'] as const,
    meaning: `The certificate is not among the headers. The gateway says that there is one, or validation in this
      process needs it and the headers have only names.`,
    remedy: 'Configure the gateway to send the certificate with every request.'
  },
  authority_unknown: {
    places: ['forwarded'] as const,
    meaning: 'Neither a chain nor the option verifiedAs determines the authority of the certificate.',
    remedy: 'Configure the gateway to send the chain, or set verifiedAs.'
  },
  hop_count: {
    places: ['forwarded'] as const,
    meaning: 'The header has another number of elements than trustedHops.',
    remedy: 'Set trustedHops to the number of proxies, and check that each of them adds its element.'
  },
  untrusted_hop: {
    places: ['forwarded'] as const,
    meaning: 'An outer gateway does not satisfy hopGateways.',
    remedy: 'If it is one of your gateways, add it to hopGateways. If not, find out who sends the header.'
  },
  key_mismatch: {
    places: ['credentials'] as const,
    meaning: 'The key does not belong to the certificate.',
    remedy: 'Give the key with which the certificate was requested. During a rotation, write both files.'
  },
  passphrase: {
    places: ['credentials'] as const,
    meaning: 'The key is encrypted, and the passphrase is missing or wrong.',
    remedy: 'Set the option passphrase.'
  },
  no_anchor: {
    places: ['credentials'] as const,
    meaning: 'A CA file contains a certificate that is not a CA, or no CA that is valid now.',
    remedy: 'Put root certificates alone into ca. Intermediates belong in intermediates.'
  },
  crl: {
    places: ['credentials'] as const,
    meaning: 'A CRL cannot be parsed, its signature is invalid, it is older than the one in use, or one is missing.',
    remedy: 'Publish a new CRL of the CA, and check that the whole file was copied.'
  },
  unusable: {
    places: ['credentials'] as const,
    meaning: 'OpenSSL rejects certificate and key.',
    remedy: 'See the message for the code of OpenSSL, and issue the certificate with another key or algorithm.'
  }
}
