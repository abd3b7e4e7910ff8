/** Alerts (RFC 8446 section 6 and RFC 5246 section 7.2) in plain words: the name, and what it says to a client. */
const ALERTS: Readonly<Record<number, readonly [string, string]>> = {
  10: ['unexpected_message', 'the server got a message that it did not expect: is this port one that speaks TLS?'],
  20: ['bad_record_mac', 'a record was damaged on its way'],
  22: ['record_overflow', 'a record was too long'],
  40: ['handshake_failure', 'no parameters fit, or (TLS 1.2) the server requires a client certificate and got none that it accepts'],
  42: ['bad_certificate', 'the server could not use the client certificate: damaged, or signed by a CA it does not know'],
  43: ['unsupported_certificate', 'the client certificate is of a kind that the server does not take: look at its key and extended key usage'],
  44: ['certificate_revoked', 'the client certificate is revoked'],
  45: ['certificate_expired', 'the client certificate has expired, or is not valid yet'],
  46: ['certificate_unknown', 'the server does not accept the client certificate and does not say why'],
  47: ['illegal_parameter', 'the server found a value that cannot be'],
  48: ['unknown_ca', 'the server does not trust the CA that issued the client certificate, or an intermediate is missing from the chain'],
  49: ['access_denied', 'the client certificate is valid, but its owner is not let in'],
  50: ['decode_error', 'the server could not read a message'],
  51: ['decrypt_error', 'a signature did not verify: does the key fit the certificate?'],
  70: ['protocol_version', 'the server does not speak this version of TLS'],
  71: ['insufficient_security', 'the server wants stronger ciphers'],
  80: ['internal_error', 'the server failed by itself'],
  86: ['inappropriate_fallback', 'the server saw a fallback to an older version'],
  90: ['user_canceled', 'the server gave up'],
  109: ['missing_extension', 'the server misses an extension'],
  112: ['unrecognized_name', 'the server does not know the name asked for: try --servername'],
  113: ['bad_certificate_status_response', 'the server did not like a stapled answer'],
  115: ['unknown_psk_identity', 'the server does not know the pre-shared key'],
  116: ['certificate_required', 'the server requires a client certificate'],
  120: ['no_application_protocol', 'the server speaks none of the protocols offered: try --alpn']
}
const CLOSE_NOTIFY = 0

/** An alert in plain words; undefined for close_notify, which is no failure. */
export function describeAlert (alert: number | undefined): string | undefined {
  if (alert === undefined || alert === CLOSE_NOTIFY) return undefined
  const [name, meaning] = ALERTS[alert] ?? ['unknown', 'an alert that is not in RFC 8446']
  return `alert ${alert} ${name}: ${meaning}`
}
