import { verifyCodes } from './openssl-codes.ts'
import { reasons, type HandshakeReason, type ReasonText } from './reasons.ts'
import { codesOfAlert, tlsAlerts } from './tls-alerts.ts'

/** What one kind of failed handshake means, and what to do about it. */
export interface HandshakeFailure extends ReasonText {
  readonly reason: HandshakeReason
  /**
   * The error codes of OpenSSL and of Node, or the steps of `detail`, that this entry is for. An empty list means any
   * other code. A `*` at the end of a code matches the rest of it.
   */
  readonly codes: readonly string[]
}

/** What codes of Node and steps say more than their reason. Codes of OpenSSL and alerts have tables of their own. */
const special: readonly HandshakeFailure[] = [
  row(
    'no_certificate',
    ['ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'],
    'The client sent no certificate.',
    'Configure the client with a certificate and key. If it has them, check that its issuer is among the CAs that ' +
      'this server names: some clients send a certificate only if its issuer is in that list.'
  ),
  row(
    'unknown_ca',
    ['other_side'],
    'The authority of the CA is for servers only (option for), and a client presents the certificate.',
    'If clients of that authority may call, set the option for to "both". If not, give the client a certificate of ' +
      'another CA.'
  ),
  row(
    'ca_removed',
    ['other_side'],
    'The authority of the CA is for servers only now (option for).',
    'If its clients may call, set the option for to "both". The event peerkit:credentials:rotated says when it changed.'
  ),
  row(
    'timeout',
    ['ERR_TLS_HANDSHAKE_TIMEOUT'],
    'The client did not finish the handshake in time.',
    'The network is slow, the client hangs, or it is a port scan or an attempt to use up connections. See how many ' +
      'such handshakes come from this address.'
  ),
  row(
    'protocol',
    ['ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'],
    'The client sent no certificate.',
    'Configure the client with a certificate and key.'
  ),
  row(
    'protocol',
    ['ERR_SSL_HTTP_REQUEST'],
    'The client sent plain HTTP to a TLS port.',
    'Call https:// instead of http://. Health probes often use the wrong scheme.'
  ),
  row(
    'protocol',
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_RECORD_LAYER_FAILURE', 'ERR_SSL_PACKET_LENGTH_TOO_LONG'],
    'The client sent something that is not TLS.',
    'It is a port scan, a PROXY protocol header that a load balancer adds, or another protocol on this port.'
  ),
  row(
    'protocol',
    ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'ERR_SSL_VERSION_TOO_LOW', 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'],
    'Client and server have no TLS version in common.',
    'The client is too old, or limited to TLS 1.1 or older: update it. The option minVersion sets the lowest version ' +
      'that this server accepts.'
  ),
  row(
    'protocol',
    [
      'ERR_SSL_NO_SHARED_CIPHER', 'ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM', 'ERR_SSL_NO_SUITABLE_KEY_SHARE',
      'ERR_SSL_NO_SHARED_SIGNATURE_ALGORITHMS'
    ],
    'Client and server have no cipher, curve or signature algorithm in common.',
    'The usual causes are old clients and Ed25519 keys. Use P-256 certificates, or update the client.'
  ),
  row(
    'protocol',
    ['ERR_SSL_NO_APPLICATION_PROTOCOL', 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL'],
    'The client offers only application protocols that this server does not support.',
    'A client that supports only HTTP/2 needs a server with http2: true. ' +
      'A client that supports only HTTP/1.1 needs allowHTTP1.'
  ),
  row(
    'protocol',
    ['ECONNRESET', 'EPIPE', 'ERR_SSL_UNEXPECTED_EOF_WHILE_READING'],
    'The client closed the connection before the handshake was finished.',
    'TCP health checks and port scans do this. So do clients that reject this server\'s certificate without an alert.'
  ),
  row(
    'protocol',
    ['ERR_SSL_*'],
    'OpenSSL ended the handshake. The code says why.',
    'Run peerkit probe or openssl s_client against this server, and compare.'
  )
]

/** Every known failure. For one reason, entries with codes come before the entry for any other code. */
export const handshakeFailures: readonly HandshakeFailure[] = Object.freeze(
  (Object.keys(reasons) as HandshakeReason[]).filter((reason) => {
    return reasons[reason].places.some((place) => place === 'certificate' || place === 'inbound')
  }).flatMap((reason) => {
    const known = special.filter((each) => each.reason === reason)
    const { meaning, remedy } = reasons[reason]
    return [
      ...known.filter(({ codes }) => !codes.some(isPattern)),
      ...rowsOfVerifyCodes(reason),
      ...(reason === 'protocol' ? rowsOfAlerts() : []),
      ...known.filter(({ codes }) => codes.some(isPattern)),
      row(reason, [], meaning, remedy)
    ]
  })
)

function rowsOfVerifyCodes (reason: HandshakeReason): HandshakeFailure[] {
  const own = Object.entries(verifyCodes).filter(([, { reason: its, text }]) => its === reason && text !== undefined)
  return rowsOf(reason, own.map(([name, { text }]) => [[name], text as ReasonText]))
}

/** The client sent an alert because it does not accept this server. */
function rowsOfAlerts (): HandshakeFailure[] {
  return rowsOf('protocol', tlsAlerts.flatMap((alert) => {
    return alert.fromClient === undefined ? [] : [[codesOfAlert(alert), alert.fromClient] as const]
  }))
}

/** One row for all codes of one text. */
function rowsOf (
  reason: HandshakeReason, entries: ReadonlyArray<readonly [codes: readonly string[], text: ReasonText]>
): HandshakeFailure[] {
  const byText = new Map<ReasonText, string[]>()
  for (const [codes, text] of entries) byText.set(text, [...byText.get(text) ?? [], ...codes])
  return [...byText].map(([{ meaning, remedy }, codes]) => row(reason, codes, meaning, remedy))
}

const found = new Map<string, HandshakeFailure>()
const MAX_FOUND = 500

/**
 * Finds what a refused handshake means. If no entry names the code, the entry for any other code of the reason is used.
 *
 * @param reason the `reason` of `peerkit:handshake:refused`
 * @param code its `code`, if it has one
 * @param step the `step` of its `detail`, if it has one. An entry for the step comes before one for the code
 * @returns the meaning and the remedy
 * @example
 * ```ts
 * const { meaning, remedy } = explainHandshakeFailure('unknown_ca', 'DEPTH_ZERO_SELF_SIGNED_CERT')
 * console.log(meaning, remedy)
 * ```
 */
export function explainHandshakeFailure (reason: HandshakeReason, code?: string, step?: string): HandshakeFailure {
  const key = `${reason} ${code ?? ''} ${step ?? ''}`
  const known = found.get(key)
  if (known !== undefined) return known
  const rows = handshakeFailures.filter((each) => each.reason === reason)
  const fits = (pattern: string): boolean => {
    return isPattern(pattern) ? code?.startsWith(pattern.slice(0, -1)) === true : code === pattern
  }
  const byStep = rows.find(({ codes }) => step !== undefined && codes.includes(step))
  const failure = byStep ?? rows.find(({ codes }) => codes.some(fits)) ?? rows.at(-1) ??
    row(reason, [], 'The handshake was refused.', 'See the reason.')
  // OpenSSL's list of codes is finite. The limit holds even if a later version passes other texts.
  if (found.size < MAX_FOUND) found.set(key, failure)
  return failure
}

/**
 * Describes a refused handshake in one line for a log: what it means, and what to do.
 *
 * @param reason the `reason` of `peerkit:handshake:refused`
 * @param code its `code`, if it has one
 * @param step the `step` of its `detail`, if it has one. An entry for the step comes before one for the code
 * @example
 * ```ts
 * console.log(hintHandshakeFailure('expired'))
 * ```
 */
export function hintHandshakeFailure (reason: HandshakeReason, code?: string, step?: string): string {
  const { meaning, remedy } = explainHandshakeFailure(reason, code, step)
  return `${meaning} ${remedy}`
}

function isPattern (code: string): boolean { return code.endsWith('*') }

function row (reason: HandshakeReason, codes: readonly string[], meaning: string, remedy: string): HandshakeFailure {
  return Object.freeze({ reason, codes: Object.freeze(codes), meaning, remedy })
}
