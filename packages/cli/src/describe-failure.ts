import { describeAlert } from './handshake/alert-names.ts'
import type { TlsConnection } from './handshake/open-tls.ts'

/** Why a server was not reached, by error code. */
const REACHING: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the host name does not exist',
  EAI_AGAIN: 'the name server did not answer',
  ECONNREFUSED: 'no server listens on this port',
  ECONNRESET: 'the connection was closed at once',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'no route to the network',
  ETIMEDOUT: 'no answer in time: check the address and firewalls'
}
const SHAKING: Readonly<Record<string, string>> = {
  ECONNRESET: 'the server closed the connection without an alert. Servers on Node refuse a client in this way; see ' +
    'the log of the server',
  EPIPE: 'the server closed the connection without an alert',
  ETIMEDOUT: 'the handshake took too long',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the server does not speak TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'the server does not speak TLS',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'no common version of TLS',
  ERR_SSL_NO_PROTOCOLS_AVAILABLE: 'this version of Node does not support the version of TLS'
}
/** Why a server is not trusted, by OpenSSL code (X509_V_ERR_…). */
const DISTRUST: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'no CA issued it, and no intermediate was sent that leads to a CA',
  UNABLE_TO_GET_ISSUER_CERT: 'the issuer of an intermediate is missing',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its chain leads to no CA, or an intermediate is missing',
  SELF_SIGNED_CERT_IN_CHAIN: 'its root is not one of the CAs',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is self-signed and not one of the CAs',
  CERT_HAS_EXPIRED: 'it or a CA of its chain has expired',
  CERT_NOT_YET_VALID: 'it or a CA of its chain is not valid yet',
  CERT_SIGNATURE_FAILURE: 'a signature is invalid',
  INVALID_PURPOSE: 'its extended key usage is not for servers',
  INVALID_CA: 'a certificate of its chain is not a CA',
  ERR_TLS_CERT_ALTNAME_INVALID: 'it is not for this host name (see --servername)'
}

/** Why a connection failed, with the code. */
export function describeFailure ({ failure, facts }: TlsConnection): string {
  if (failure === undefined) return 'nothing failed'
  return failure.stage === 'connect'
    ? describeError(failure.error, REACHING)
    : describeRefusal(failure.error, facts().alert)
}

/** Why a server closed the connection: its alert if it sent one. */
export function describeRefusal (error: NodeJS.ErrnoException, alert: number | undefined): string {
  return describeAlert(alert) ?? describeError(error, SHAKING)
}

export function describeDistrust (code: string): string {
  return DISTRUST[code] === undefined ? code : `${DISTRUST[code]} (${code})`
}

function describeError ({ code, message }: NodeJS.ErrnoException, words: Readonly<Record<string, string>>): string {
  const known = words[code ?? '']
  return known === undefined
    ? `${message}${code === undefined || message.includes(code) ? '' : ` (${code})`}`
    : `${known} (${code})`
}
