import { findVerifyCode, tlsAlerts } from '@peerkit/events'
import type { TlsConnection } from '../handshake/open-tls.ts'

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
/** Why a server is not trusted, by a code of Node that OpenSSL does not have. */
const DISTRUST: Readonly<Record<string, string>> = {
  ERR_TLS_CERT_ALTNAME_INVALID: 'it is not for this host name (see --servername)'
}
const CLOSE_NOTIFY = 0

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
  const clause = findVerifyCode(code)?.clause ?? DISTRUST[code]
  return clause === undefined ? code : `${clause} (${code})`
}

/** Describes an alert. Undefined for close_notify, which is not a failure. */
export function describeAlert (alert: number | undefined): string | undefined {
  if (alert === undefined || alert === CLOSE_NOTIFY) return undefined
  const { name, fromServer } = tlsAlerts.find(({ number }) => number === alert) ??
    { name: 'unknown', fromServer: 'an alert that is not in RFC 8446' }
  return `alert ${alert} ${name}: ${fromServer}`
}

function describeError ({ code, message }: NodeJS.ErrnoException, words: Readonly<Record<string, string>>): string {
  const known = words[code ?? '']
  return known === undefined
    ? `${message}${code === undefined || message.includes(code) ? '' : ` (${code})`}`
    : `${known} (${code})`
}
