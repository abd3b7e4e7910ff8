import type { ReasonText } from './reasons.ts'

/** A TLS alert (RFC 8446 section 6, RFC 5246 section 7.2; 41 is of SSL 3.0, and still sent). */
export interface AlertEntry {
  readonly number: number
  readonly name: string
  /** Whether a server may send it because it does not accept the certificate of the client. */
  readonly isAboutCertificate: boolean
  /** What it means if a server sends it, as a clause. */
  readonly fromServer: string
  /** What it means if a client sends it, if that is more than that the handshake failed. */
  readonly fromClient: ReasonText | undefined
}

const NOT_ACCEPTED: ReasonText = {
  meaning: 'The client does not accept this server\'s certificate.',
  remedy: 'Usually the certificate lacks the host name that the client called, or the client does not know the CA. ' +
    'Run peerkit probe to find out.'
}

/** Every alert, by number. */
export const tlsAlerts: readonly AlertEntry[] = Object.freeze([
  alert(10, 'unexpected_message', 'the server received an unexpected message: check that this is a TLS port'),
  alert(20, 'bad_record_mac', 'a record was damaged in transit'),
  alert(22, 'record_overflow', 'a record was too long'),
  about(
    40,
    'handshake_failure',
    'no common parameters, or (TLS 1.2) the server requires a client certificate and received none that it accepts',
    {
      meaning: 'The client ended the handshake without a reason.',
      remedy: 'Look into the log of the client. The usual causes are ciphers and certificates.'
    }
  ),
  about(41, 'no_certificate', 'the server requires a client certificate'),
  about(
    42,
    'bad_certificate',
    'the server could not use the client certificate: it is damaged, or the server does not know its CA',
    NOT_ACCEPTED
  ),
  about(
    43,
    'unsupported_certificate',
    'the server does not accept this kind of client certificate: check its key and extended key usage',
    NOT_ACCEPTED
  ),
  about(44, 'certificate_revoked', 'the client certificate is revoked', {
    meaning: 'The client says that this server\'s certificate was revoked.',
    remedy: 'Ask the CA why, and renew this server\'s certificate.'
  }),
  about(45, 'certificate_expired', 'the client certificate has expired or is not valid yet', {
    meaning: 'The client says that this server\'s certificate has expired.',
    remedy: 'Renew this server\'s certificate. If it has not expired, compare the clocks.'
  }),
  about(
    46,
    'certificate_unknown',
    'the server does not accept the client certificate and gives no reason',
    NOT_ACCEPTED
  ),
  alert(47, 'illegal_parameter', 'the server received an invalid value'),
  about(
    48,
    'unknown_ca',
    'the server does not trust the CA that issued the client certificate, or an intermediate is missing from the chain',
    {
      meaning: 'The client does not trust this server\'s certificate: it does not know the CA.',
      remedy: 'Give the client the CA that issued this server\'s certificate, and check that the server sends its ' +
        'intermediate certificates.'
    }
  ),
  about(49, 'access_denied', 'the client certificate is valid, but the client is not allowed'),
  alert(50, 'decode_error', 'the server could not decode a message'),
  alert(51, 'decrypt_error', 'a signature is invalid: check that the key matches the certificate'),
  alert(70, 'protocol_version', 'the server does not support this version of TLS'),
  alert(71, 'insufficient_security', 'the server requires stronger ciphers'),
  alert(80, 'internal_error', 'an internal error of the server'),
  alert(86, 'inappropriate_fallback', 'the server detected a fallback to an older version'),
  alert(90, 'user_canceled', 'the server canceled the handshake'),
  alert(109, 'missing_extension', 'the server requires an extension'),
  alert(112, 'unrecognized_name', 'the server does not know the requested name: try --servername'),
  alert(113, 'bad_certificate_status_response', 'the server did not accept a stapled OCSP answer'),
  alert(115, 'unknown_psk_identity', 'the server does not know the pre-shared key'),
  about(116, 'certificate_required', 'the server requires a client certificate'),
  alert(120, 'no_application_protocol', 'the server supports none of the offered protocols: try --alpn')
])

/**
 * The alert that caused an error of Node, or undefined. OpenSSL's code differs by version:
 * `ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE`, `ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE`.
 *
 * @example
 * ```ts
 * const error = Object.assign(new Error('x'), { code: 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA' })
 * console.log(findTlsAlert(error)?.number) // 48
 * ```
 */
export function findTlsAlert ({ message, code }: NodeJS.ErrnoException): AlertEntry | undefined {
  const number = /SSL alert number (\d+)/.exec(message)?.[1]
  if (number !== undefined) return tlsAlerts.find((each) => each.number === Number(number))
  const name = /ALERT_([A-Z_]+)$/.exec(code ?? '')?.[1]?.toLowerCase()
  return tlsAlerts.find((each) => each.name === name)
}

/** Alerts of SSL 3.0, whose codes of OpenSSL are named after it. */
const LAST_OF_SSL3 = 47
/** Alerts that TLS 1.3 added. */
const OF_TLS13: ReadonlySet<number> = new Set([109, 116])

/** The codes that Node gives an error that an alert of the peer caused. */
export function codesOfAlert ({ number, name }: AlertEntry): readonly string[] {
  const versions = OF_TLS13.has(number) ? ['TLSV13'] : number > LAST_OF_SSL3 ? ['TLSV1'] : ['SSLV3', 'SSL/TLS']
  return versions.map((version) => `ERR_SSL_${version}_ALERT_${name.toUpperCase()}`)
}

function alert (number: number, name: string, fromServer: string): AlertEntry {
  return Object.freeze({ number, name, isAboutCertificate: false, fromServer, fromClient: undefined })
}

function about (number: number, name: string, fromServer: string, fromClient?: ReasonText): AlertEntry {
  return Object.freeze({ number, name, isAboutCertificate: true, fromServer, fromClient })
}
