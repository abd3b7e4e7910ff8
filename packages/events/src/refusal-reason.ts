/** Why a connection was refused or closed. */
export type RefusalReason =
  | 'no_certificate'
  | 'unknown_ca'            // no path to a trusted CA, or an intermediate is missing
  | 'expired'
  | 'not_yet_valid'
  | 'revoked'
  | 'revocation_unknown'    // no CRL or OCSP answer, with the hard policy
  | 'wrong_purpose'         // extended key usage without clientAuth, or a key usage that forbids it
  | 'ca_as_leaf'
  | 'bad_chain'             // a certificate above the leaf is not a CA, breaks a constraint, or needs too much work
  | 'outside_authority'     // a name that the authority does not vouch for
  | 'blocked'               // on the block list of the operator
  | 'unreadable'            // the certificate is not encoded as RFC 5280 requires
  | 'resumption_refused'    // a resumed session, and this process does not know the intermediate
  | 'ca_removed'
  | 'timeout'               // the revocation answer did not arrive in time
  | 'protocol'              // the TLS handshake failed
