/** Why a connection was refused, or ended. */
export type RefusalReason =
  | 'no_certificate'
  | 'unknown_ca'            // no chain to an anchor in force; a missing intermediate looks the same
  | 'expired'
  | 'not_yet_valid'
  | 'revoked'
  | 'revocation_unknown'    // no CRL or responder answers, and the policy is hard
  | 'wrong_purpose'         // extended key usage without clientAuth, or a key usage that forbids it
  | 'ca_as_leaf'
  | 'bad_chain'             // a certificate of the chain is no CA, breaks a constraint, or takes too much work
  | 'outside_authority'     // a name that the authority at the end of the chain does not vouch for
  | 'blocked'               // on the operator's own list of blocked certificates
  | 'unreadable'            // the certificate's bytes are not what RFC 5280 allows
  | 'resumption_refused'    // a resumed session whose intermediate this process does not know
  | 'ca_removed'
  | 'timeout'               // the revocation answer did not come in time
  | 'protocol'              // the handshake itself failed
