import { describeAlert } from './handshake/alert-names.ts'
import type { TlsConnection } from './handshake/open-tls.ts'

/** What went wrong on the way to a server, by the error's code. */
const REACHING: Readonly<Record<string, string>> = {
  ENOTFOUND: 'no such host name',
  EAI_AGAIN: 'the name server did not answer',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was closed at once',
  EHOSTUNREACH: 'no way to the host',
  ENETUNREACH: 'no way to the network',
  ETIMEDOUT: 'nothing answered in time: a firewall, or a wrong address?'
}
const SHAKING: Readonly<Record<string, string>> = {
  ECONNRESET: 'the server closed the connection without an alert: that is how servers on Node refuse a client certificate, or its absence; their log says why',
  EPIPE: 'the server closed the connection without an alert',
  ETIMEDOUT: 'the handshake took too long',
  ERR_SSL_WRONG_VERSION_NUMBER: 'what answered does not speak TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'what answered does not speak TLS',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'no version of TLS that both sides speak',
  ERR_SSL_NO_PROTOCOLS_AVAILABLE: 'this Node does not speak the version of TLS'
}
/** Why a server is not trusted, by OpenSSL's code (X509_V_ERR_…). */
const DISTRUST: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its issuer is none of the CAs, and no intermediate was sent that leads to one',
  UNABLE_TO_GET_ISSUER_CERT: 'an intermediate\'s issuer is missing',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its chain leads to none of the CAs, or an intermediate is missing',
  SELF_SIGNED_CERT_IN_CHAIN: 'its root is none of the CAs',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it signed itself and is none of the CAs',
  CERT_HAS_EXPIRED: 'it, or a CA of its chain, has expired',
  CERT_NOT_YET_VALID: 'it, or a CA of its chain, is not valid yet',
  CERT_SIGNATURE_FAILURE: 'a signature does not verify',
  INVALID_PURPOSE: 'its extended key usage is not for servers',
  INVALID_CA: 'a certificate of its chain is no CA',
  ERR_TLS_CERT_ALTNAME_INVALID: 'it is not for this host name (see --servername)'
}

/** Why a connection failed, in plain words with the code. */
export function describeFailure ({ failure, facts }: TlsConnection): string {
  if (failure === undefined) return 'nothing failed'
  return failure.stage === 'connect' ? describeError(failure.error, REACHING) : describeRefusal(failure.error, facts().alert)
}

/** Why a server gave up on us: its alert where it sent one. */
export function describeRefusal (error: NodeJS.ErrnoException, alert: number | undefined): string {
  return describeAlert(alert) ?? describeError(error, SHAKING)
}

export function describeDistrust (code: string): string {
  return DISTRUST[code] === undefined ? code : `${DISTRUST[code]} (${code})`
}

function describeError ({ code, message }: NodeJS.ErrnoException, words: Readonly<Record<string, string>>): string {
  const known = words[code ?? '']
  return known === undefined ? `${message}${code === undefined || message.includes(code) ? '' : ` (${code})`}` : `${known} (${code})`
}
