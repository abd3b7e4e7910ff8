/** Alerts (RFC 8446 section 6 and RFC 5246 section 7.2): the name and the meaning for a client. */
const ALERTS: Readonly<Record<number, readonly [string, string]>> = {
  10: ['unexpected_message', 'the server received an unexpected message: check that this is a TLS port'],
  20: ['bad_record_mac', 'a record was damaged in transit'],
  22: ['record_overflow', 'a record was too long'],
  40: [
    'handshake_failure',
    'no common parameters, or (TLS 1.2) the server requires a client certificate and received none that it accepts'
  ],
  42: [
    'bad_certificate',
    'the server could not use the client certificate: it is damaged, or the server does not know its CA'
  ],
  43: [
    'unsupported_certificate',
    'the server does not accept this kind of client certificate: check its key and extended key usage'
  ],
  44: ['certificate_revoked', 'the client certificate is revoked'],
  45: ['certificate_expired', 'the client certificate has expired or is not valid yet'],
  46: ['certificate_unknown', 'the server does not accept the client certificate and gives no reason'],
  47: ['illegal_parameter', 'the server received an invalid value'],
  48: [
    'unknown_ca',
    'the server does not trust the CA that issued the client certificate, or an intermediate is missing from the chain'
  ],
  49: ['access_denied', 'the client certificate is valid, but the client is not allowed'],
  50: ['decode_error', 'the server could not decode a message'],
  51: ['decrypt_error', 'a signature is invalid: check that the key matches the certificate'],
  70: ['protocol_version', 'the server does not support this version of TLS'],
  71: ['insufficient_security', 'the server requires stronger ciphers'],
  80: ['internal_error', 'an internal error of the server'],
  86: ['inappropriate_fallback', 'the server detected a fallback to an older version'],
  90: ['user_canceled', 'the server canceled the handshake'],
  109: ['missing_extension', 'the server requires an extension'],
  112: ['unrecognized_name', 'the server does not know the requested name: try --servername'],
  113: ['bad_certificate_status_response', 'the server did not accept a stapled OCSP answer'],
  115: ['unknown_psk_identity', 'the server does not know the pre-shared key'],
  116: ['certificate_required', 'the server requires a client certificate'],
  120: ['no_application_protocol', 'the server supports none of the offered protocols: try --alpn']
}
const CLOSE_NOTIFY = 0

/** Describes an alert. Undefined for close_notify, which is not a failure. */
export function describeAlert (alert: number | undefined): string | undefined {
  if (alert === undefined || alert === CLOSE_NOTIFY) return undefined
  const [name, meaning] = ALERTS[alert] ?? ['unknown', 'an alert that is not in RFC 8446']
  return `alert ${alert} ${name}: ${meaning}`
}
