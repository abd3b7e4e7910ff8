import type { TlsAlert } from './errors.ts'

/** Alerts about the client certificate (RFC 8446 section 6.2; 41 is from SSL 3.0 and still sent). */
const ABOUT_CERTIFICATES: Readonly<Record<number, string>> = {
  40: 'handshake_failure',
  41: 'no_certificate',
  42: 'bad_certificate',
  43: 'unsupported_certificate',
  44: 'certificate_revoked',
  45: 'certificate_expired',
  46: 'certificate_unknown',
  48: 'unknown_ca',
  49: 'access_denied',
  116: 'certificate_required'
}

/** The alert about the client certificate that caused an error of Node, or undefined. */
export function readCertificateAlert (error: NodeJS.ErrnoException): TlsAlert | undefined {
  const number = Number(/SSL alert number (\d+)/.exec(error.message)?.[1] ?? Number.NaN)
  if (!Number.isNaN(number)) {
    const name = ABOUT_CERTIFICATES[number]
    return name === undefined ? undefined : { number, name }
  }
  // OpenSSL's code differs by version: ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE, ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE.
  const named = /ALERT_([A-Z_]+)$/.exec(error.code ?? '')?.[1]?.toLowerCase()
  const known = Object.entries(ABOUT_CERTIFICATES).find(([, name]) => name === named)
  return known === undefined ? undefined : { number: Number(known[0]), name: known[1] }
}
